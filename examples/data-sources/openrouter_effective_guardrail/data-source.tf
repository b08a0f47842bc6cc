data "openrouter_api_key" "ci" {
  name = "key-1"
}

# The default guardrail of the workspace, the guardrail of the key's owner and that of the key, combined.
data "openrouter_effective_guardrail" "ci" {
  key_hash = data.openrouter_api_key.ci.hash
}

locals {
  # Canonical slugs, as the API returns them: `openai/gpt-5` would not match.
  approved_models = ["openai/gpt-5-2025-08-07", "anthropic/claude-4.5-sonnet-20250929"]
}

# Shows a warning in every plan and apply while the key may use other models.
check "approved_models" {
  assert {
    # Without a restriction, the list is null, which has no length.
    condition     = try(length(setsubtract(data.openrouter_effective_guardrail.ci.allowed_models, local.approved_models)) == 0, false)
    error_message = "The key may use models that are not approved."
  }
}

output "guardrails" {
  description = "The names of the guardrails that apply to the key, by layer."
  value       = { for one in data.openrouter_effective_guardrail.ci.layers : one.layer => one.name }
}

output "daily_budget" {
  description = "The smallest daily budget, null if there is none."
  value       = try(min([for one in data.openrouter_effective_guardrail.ci.budgets : one.limit_usd if one.reset_interval == "daily"]...), null)
}
