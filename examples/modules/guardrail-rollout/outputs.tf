output "guardrail_ids" {
  description = "The id of the guardrail of each environment."
  value       = { for name, guardrail in openrouter_guardrail.environment : name => guardrail.id }
}

output "key_guardrail_ids" {
  description = "The id of the guardrail that is assigned to each key, by the key's name."
  value       = { for name, assignment in openrouter_guardrail_key_assignment.key : name => assignment.guardrail_id }
}

output "member_guardrail_ids" {
  description = "The id of the guardrail that is assigned to each member, by e-mail address."
  value       = { for email, assignment in openrouter_guardrail_member_assignment.member : email => assignment.guardrail_id }
}

output "keys_without_environment" {
  description = "The names of the workspace's keys that can be used and are in no environment."
  value       = sort([for key in data.openrouter_api_keys.usable.data : key.name if !contains(keys(local.keys), key.name)])
}
