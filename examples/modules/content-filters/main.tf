# Content filters that several guardrails share. `terraform test` proves what they do, without an account and without a
# request: it needs Terraform 1.8 or OpenTofu 1.7.

terraform {
  required_version = ">= 1.7"

  required_providers {
    openrouter = {
      source = "local.invalid/openrouter/openrouter"
    }
  }
}

locals {
  content_filters = concat(
    [
      # Keys that must not leave the company.
      { action = "block", pattern = "-----BEGIN [A-Z ]*PRIVATE KEY-----" },
      { action = "redact", pattern = "\\bsk-or-[a-z0-9-]{20,}\\b", label = "[OPENROUTER_KEY]" },
      # Names of projects are only recorded.
      { action = "flag", pattern = "\\b[Pp]roject (Falcon|Heron)\\b" },
    ],
    [for prefix in var.ticket_prefixes : { action = "redact", pattern = "\\b${prefix}-[0-9]+\\b", label = "[TICKET]" }],
  )
}
