output "content_filters" {
  description = "For the `content_filters` of a guardrail."
  value       = local.content_filters
}

output "result" {
  description = "What the filters do with the sample."
  value       = provider::openrouter::apply_content_filters(local.content_filters, var.sample)
}
