variable "production_key_hashes" {
  description = "The hashes of the keys of the production systems, as the API lists keys; not the keys themselves."
  type        = set(string)
}

resource "openrouter_guardrail" "production" {
  name = "production"

  # The budget of each key, not of all together.
  limit_usd      = 100
  reset_interval = "monthly"

  # Deleting a guardrail also drops its assignments. With this, Terraform first moves its keys and members to another
  # guardrail, and deletes this one last.
  lifecycle {
    create_before_destroy = true
  }
}

# These and no others: a key that somebody else assigns the guardrail to shows in the next plan, and loses it in the next
# apply.
resource "openrouter_guardrail_key_assignments_exclusive" "production" {
  guardrail_id = openrouter_guardrail.production.id
  key_hashes   = var.production_key_hashes
}
