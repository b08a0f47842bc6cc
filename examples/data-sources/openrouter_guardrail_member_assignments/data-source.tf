data "openrouter_guardrail" "production" {
  name = "production"
}

# The members that one guardrail is assigned to.
data "openrouter_guardrail_member_assignments" "production" {
  guardrail_id = data.openrouter_guardrail.production.id
}

# The members that any guardrail of the account is assigned to.
data "openrouter_guardrail_member_assignments" "all" {}

output "production_members" {
  description = "The user ids of the members that the guardrail is assigned to."
  value       = data.openrouter_guardrail_member_assignments.production.data[*].user_id
}

output "guarded_members" {
  description = "The number of assignments to members. A member can have one in each workspace."
  value       = length(data.openrouter_guardrail_member_assignments.all.data)
}
