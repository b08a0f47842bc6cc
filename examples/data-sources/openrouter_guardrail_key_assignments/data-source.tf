data "openrouter_guardrail" "production" {
  name = "production"
}

# The keys that one guardrail is assigned to.
data "openrouter_guardrail_key_assignments" "production" {
  guardrail_id = data.openrouter_guardrail.production.id
}

# The keys of the account that any guardrail is assigned to.
data "openrouter_guardrail_key_assignments" "all" {}

output "production_keys" {
  description = "The names of the keys that the guardrail is assigned to, by hash."
  value       = { for one in data.openrouter_guardrail_key_assignments.production.data : one.key_hash => one.key_name }
}

output "guarded_keys" {
  description = "The number of keys that a guardrail is assigned to."
  value       = length(data.openrouter_guardrail_key_assignments.all.data)
}
