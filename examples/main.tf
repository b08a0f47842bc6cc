# Two guardrails for two kinds of traffic: what customers reach, and what people play with.
#
# To use this for real, set OPENROUTER_MANAGEMENT_KEY and run `terraform init` and `terraform apply`.
# `cargo xtask demo` does the same against a mock of the service.

terraform {
  required_providers {
    openrouter = {
      source = "openrouter/openrouter"
    }
  }
}

# The key comes from the environment: a configuration is no place for a secret.
provider "openrouter" {}

variable "monthly_budget_usd" {
  description = "What production may spend in a month, in US dollars."
  type        = number
  default     = 250
}

resource "openrouter_guardrail" "production" {
  name        = "production"
  description = "Customer traffic: approved models, no retention, nothing personal leaves."

  # The two go together. Keys that bring their own provider account count towards the budget as well.
  limit_usd               = var.monthly_budget_usd
  reset_interval          = "monthly"
  include_byok_in_budgets = true

  allowed_models    = ["anthropic/claude-sonnet-4.5", "openai/gpt-5"]
  allowed_providers = ["anthropic", "google-vertex", "openai"]

  # Zero data retention, for every family of models.
  enforce_zdr_anthropic = true
  enforce_zdr_google    = true
  enforce_zdr_openai    = true
  enforce_zdr_other     = true
  enforce_zdr_xai       = true

  # No endpoint that trains on prompts or publishes them.
  enable_free_model_publication = false
  enable_free_model_training    = false
  enable_paid_model_training    = false

  content_filters = [
    {
      action  = "redact"
      pattern = "\\bsk-or-[a-z0-9-]{20,}\\b"
      label   = "[OPENROUTER_KEY]"
    },
    {
      action  = "block"
      pattern = "(?:project|codename)[ -]?nightingale"
    },
  ]

  content_filter_builtins = [
    { slug = "email", action = "redact" },
    { slug = "phone", action = "redact" },
    { slug = "credit-card", action = "block" },
    { slug = "secrets", action = "block" },
    { slug = "regex-prompt-injection", action = "flag", scan_scope = "user_only" },
  ]

  # Whenever Terraform has to replace a guardrail, or moves keys and members from it to another, the old one has to go
  # last: deleting it first would leave everyone who was under it without any. Only this setting gives that order.
  lifecycle {
    create_before_destroy = true
  }
}

resource "openrouter_guardrail" "sandbox" {
  name        = "sandbox"
  description = "Anything goes, for five dollars a day."

  limit_usd      = 5
  reset_interval = "daily"

  # As above.
  lifecycle {
    create_before_destroy = true
  }
}

output "guardrail_ids" {
  description = "The ids by which keys and members are put under these guardrails."
  value = {
    production = openrouter_guardrail.production.id
    sandbox    = openrouter_guardrail.sandbox.id
  }
}

output "production_budget" {
  description = "The budget of production, as people say it."
  value       = "${openrouter_guardrail.production.limit_usd} USD ${openrouter_guardrail.production.reset_interval}"
}
