data "openrouter_guardrail" "production" {
  name = "production"
}

# The keys under one guardrail.
data "openrouter_guardrail_key_assignments" "production" {
  guardrail_id = data.openrouter_guardrail.production.id
}

# The keys under any guardrail of the account.
data "openrouter_guardrail_key_assignments" "all" {}

output "production_keys" {
  description = "The names of the keys under the guardrail, by hash."
  value       = { for one in data.openrouter_guardrail_key_assignments.production.data : one.key_hash => one.key_name }
}

output "guarded_keys" {
  description = "How many keys are under a guardrail."
  value       = length(data.openrouter_guardrail_key_assignments.all.data)
}
