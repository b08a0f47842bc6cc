# `openrouter_guardrail.NAME.content_filters` can be used here too.
locals {
  content_filters = [
    { action = "redact", pattern = "\\b[0-9]{3}-[0-9]{2}-[0-9]{4}\\b", label = "[SSN]" },
    { action = "redact", pattern = "\\bACME-[0-9]+\\b" },
    { action = "block", pattern = "[Tt]op secret" },
  ]
}

output "forwarded" {
  value = provider::openrouter::apply_content_filters(local.content_filters, "Order ACME-42 of 123-45-6789.")
}

output "blocked" {
  value = provider::openrouter::apply_content_filters(local.content_filters, "This is top secret.")
}
