variable "contractor_ids" {
  description = "The user ids of the contractors, as the API lists the organization's members."
  type        = set(string)
}

resource "openrouter_guardrail" "contractors" {
  name = "contractors"

  # The budget of each member, not of all together.
  limit_usd      = 100
  reset_interval = "monthly"

  # Deleting a guardrail also drops its assignments. With this, Terraform first moves its keys and members to another
  # guardrail, and deletes this one last.
  lifecycle {
    create_before_destroy = true
  }
}

# These and no others: a member that somebody else assigns the guardrail to shows in the next plan, and loses it in the next
# apply.
resource "openrouter_guardrail_member_assignments_exclusive" "contractors" {
  guardrail_id = openrouter_guardrail.contractors.id
  user_ids     = var.contractor_ids
}
