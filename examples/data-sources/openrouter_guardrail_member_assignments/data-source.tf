data "openrouter_guardrail" "production" {
  name = "production"
}

# The members under one guardrail.
data "openrouter_guardrail_member_assignments" "production" {
  guardrail_id = data.openrouter_guardrail.production.id
}

# The members under any guardrail of the account.
data "openrouter_guardrail_member_assignments" "all" {}

output "production_members" {
  description = "The user ids of the members under the guardrail."
  value       = data.openrouter_guardrail_member_assignments.production.data[*].user_id
}

output "guarded_members" {
  description = "How many members are under a guardrail; one counts in each workspace."
  value       = length(data.openrouter_guardrail_member_assignments.all.data)
}
