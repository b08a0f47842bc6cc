# Two guardrails for two kinds of traffic, production and sandbox, and the keys and members that they are assigned to.
#
# To use this with your account, set OPENROUTER_MANAGEMENT_KEY and run `terraform init` and `terraform apply`. The keys and
# members are variables; without them, only the guardrails are created. `cargo xtask demo` does the same with a mock of the
# API.

terraform {
  required_providers {
    openrouter = {
      source = "local.invalid/openrouter/openrouter"
    }
  }
}

# The management key is read from the environment, which keeps it out of the configuration.
provider "openrouter" {}

variable "monthly_budget_usd" {
  description = "How much each key and each member of production may spend in a month, in US dollars."
  type        = number
  default     = 250
}

variable "production_keys" {
  description = "The hashes of the API keys for customer requests, not the keys themselves."
  type        = set(string)
  default     = []
}

variable "production_members" {
  description = "The user ids of the members who are trusted with production."
  type        = set(string)
  default     = []
}

variable "sandbox_keys" {
  description = "The hashes of the keys for experiments."
  type        = set(string)
  default     = []
}

variable "sandbox_members" {
  description = "The user ids of all other members."
  type        = set(string)
  default     = []
}

resource "openrouter_guardrail" "production" {
  name        = "production"
  description = "Customer traffic: approved models, zero data retention, content filters."

  # The budget of each key and each member, not of all together. Both attributes must be set. Requests through your own
  # provider keys count toward it as well.
  limit_usd               = var.monthly_budget_usd
  reset_interval          = "monthly"
  include_byok_in_budgets = true

  allowed_models    = ["anthropic/claude-sonnet-4.5", "openai/gpt-5"]
  allowed_providers = ["anthropic", "google-vertex", "openai"]

  # Zero data retention for the models of all companies.
  enforce_zdr_anthropic = true
  enforce_zdr_google    = true
  enforce_zdr_openai    = true
  enforce_zdr_other     = true
  enforce_zdr_xai       = true

  # No endpoints that train on prompts or publish them.
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

  # When Terraform replaces a guardrail, or deletes one whose keys and members move to another, it must delete the old one
  # last. Otherwise, the keys and members have no guardrail of their own until they are moved. This setting ensures the order.
  lifecycle {
    create_before_destroy = true
  }
}

resource "openrouter_guardrail" "sandbox" {
  name        = "sandbox"
  description = "Any model, for five dollars a day for each key and member."

  limit_usd      = 5
  reset_interval = "daily"

  # As for production.
  lifecycle {
    create_before_destroy = true
  }
}

# The guardrail of each key and each member. Those in both sets get production.
locals {
  guardrail_of_key = merge(
    { for hash in var.sandbox_keys : hash => openrouter_guardrail.sandbox.id },
    { for hash in var.production_keys : hash => openrouter_guardrail.production.id },
  )
  guardrail_of_member = merge(
    { for id in var.sandbox_members : id => openrouter_guardrail.sandbox.id },
    { for id in var.production_members : id => openrouter_guardrail.production.id },
  )
}

# One instance per key, whichever guardrail it has: a key that changes sets is updated in place, with one call that moves
# it. With one resource per set, it would be removed from one and created in the other, in no particular order. The
# provider combines the assignments of an apply into few requests, even for a thousand keys.
resource "openrouter_guardrail_key_assignment" "this" {
  for_each = local.guardrail_of_key

  guardrail_id = each.value
  key_hash     = each.key
}

resource "openrouter_guardrail_member_assignment" "this" {
  for_each = local.guardrail_of_member

  guardrail_id = each.value
  user_id      = each.key
}

# The assignments of production as the API lists them, after all have been made.
data "openrouter_guardrail_key_assignments" "production" {
  guardrail_id = openrouter_guardrail.production.id
  depends_on   = [openrouter_guardrail_key_assignment.this]
}

data "openrouter_guardrail_member_assignments" "production" {
  guardrail_id = openrouter_guardrail.production.id
  depends_on   = [openrouter_guardrail_member_assignment.this]
}

output "guardrail_ids" {
  description = "The ids of the guardrails, for configurations that assign them to other keys and members."
  value = {
    production = openrouter_guardrail.production.id
    sandbox    = openrouter_guardrail.sandbox.id
  }
}

output "production_budget" {
  description = "How much each key and each member of production may spend."
  value       = "${openrouter_guardrail.production.limit_usd} USD ${openrouter_guardrail.production.reset_interval}"
}

output "assigned_to_production" {
  description = "The names of the keys and the user ids of the members that production is assigned to."
  value = {
    keys    = sort(data.openrouter_guardrail_key_assignments.production.data[*].key_name)
    members = sort(data.openrouter_guardrail_member_assignments.production.data[*].user_id)
  }
}
