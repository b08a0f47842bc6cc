# Every guardrail of the account's default workspace.
data "openrouter_guardrails" "all" {}

output "without_budget" {
  description = "The guardrails under which spending has no limit."
  value       = [for one in data.openrouter_guardrails.all.data : one.name if one.limit_usd == null]
}
