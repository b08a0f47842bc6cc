variable "production_key_hashes" {
  description = "The hashes of the API keys of the production systems, not the keys themselves."
  type        = set(string)
}

resource "openrouter_guardrail" "production" {
  name = "production"

  # The budget of each key, not of all together.
  limit_usd      = 100
  reset_interval = "monthly"

  # Deleting a guardrail also deletes its assignments. With this setting, Terraform first moves the keys and members to
  # another guardrail, and deletes this one last.
  lifecycle {
    create_before_destroy = true
  }
}

# These keys and no others: if the guardrail is assigned to another key elsewhere, the next plan shows this, and the next
# apply removes it.
resource "openrouter_guardrail_key_assignments_exclusive" "production" {
  guardrail_id = openrouter_guardrail.production.id
  key_hashes   = var.production_key_hashes
}
