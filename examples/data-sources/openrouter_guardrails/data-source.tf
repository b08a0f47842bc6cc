# All guardrails of the account's default workspace.
data "openrouter_guardrails" "all" {}

output "without_budget" {
  description = "The guardrails without a budget."
  value       = [for one in data.openrouter_guardrails.all.data : one.name if one.limit_usd == null]
}
