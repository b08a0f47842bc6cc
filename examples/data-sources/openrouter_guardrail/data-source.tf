variable "key_hash" {
  description = "The hash of the key that this project uses."
  type        = string
}

# A guardrail that is managed elsewhere, by its name in the account's default workspace.
data "openrouter_guardrail" "production" {
  name = "production"
}

resource "openrouter_guardrail_key_assignment" "this" {
  guardrail_id = data.openrouter_guardrail.production.id
  key_hash     = var.key_hash
}

output "models" {
  description = "The models that the guardrail allows, null if it allows all. Other guardrails can restrict them further."
  value       = data.openrouter_guardrail.production.allowed_models
}
