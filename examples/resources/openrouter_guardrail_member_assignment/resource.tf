variable "developer_ids" {
  description = "The user ids of the developers, as the API lists the organization's members."
  type        = set(string)
}

variable "lead_id" {
  description = "The user id of who leads them."
  type        = string
}

resource "openrouter_guardrail" "development" {
  name = "development"

  # The budget of each member, not of all together.
  limit_usd      = 20
  reset_interval = "daily"

  # Deleting a guardrail also drops its assignments. With this, Terraform first moves its keys and members to another
  # guardrail, and deletes this one last.
  lifecycle {
    create_before_destroy = true
  }
}

resource "openrouter_guardrail_member_assignment" "lead" {
  guardrail_id = openrouter_guardrail.development.id
  user_id      = var.lead_id
}

# Assignments that Terraform makes at one time go to the API together, in few requests.
resource "openrouter_guardrail_member_assignment" "developers" {
  for_each = var.developer_ids

  guardrail_id = openrouter_guardrail.development.id
  user_id      = each.key
}
