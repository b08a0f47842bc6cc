variable "contractor_ids" {
  description = "The user ids of the contractors."
  type        = set(string)
}

resource "openrouter_guardrail" "contractors" {
  name = "contractors"

  # The budget of each member, not of all together.
  limit_usd      = 100
  reset_interval = "monthly"

  # Deleting a guardrail also deletes its assignments. With this setting, Terraform first moves the keys and members to
  # another guardrail, and deletes this one last.
  lifecycle {
    create_before_destroy = true
  }
}

# These members and no others: if the guardrail is assigned to another member elsewhere, the next plan shows this, and the
# next apply removes it.
resource "openrouter_guardrail_member_assignments_exclusive" "contractors" {
  guardrail_id = openrouter_guardrail.contractors.id
  user_ids     = var.contractor_ids
}
