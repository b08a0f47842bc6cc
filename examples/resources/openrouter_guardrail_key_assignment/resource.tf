variable "ci_key_hash" {
  description = "The hash of the API key for builds, not the key itself."
  type        = string
}

variable "customer_key_hashes" {
  description = "The hashes of the API keys for customer requests."
  type        = set(string)
}

resource "openrouter_guardrail" "production" {
  name = "production"

  # The budget of each key, not of all together.
  limit_usd      = 250
  reset_interval = "monthly"

  # Deleting a guardrail also deletes its assignments. With this setting, Terraform first moves the keys and members to
  # another guardrail, and deletes this one last.
  lifecycle {
    create_before_destroy = true
  }
}

resource "openrouter_guardrail_key_assignment" "ci" {
  guardrail_id = openrouter_guardrail.production.id
  key_hash     = var.ci_key_hash
}

# The provider combines the assignments of an apply into few requests.
resource "openrouter_guardrail_key_assignment" "customers" {
  for_each = var.customer_key_hashes

  guardrail_id = openrouter_guardrail.production.id
  key_hash     = each.key
}
