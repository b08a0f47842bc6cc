variable "developer_ids" {
  description = "The user ids of the developers."
  type        = set(string)
}

variable "lead_id" {
  description = "The user id of the lead developer."
  type        = string
}

resource "openrouter_guardrail" "development" {
  name = "development"

  # The budget of each member, not of all together.
  limit_usd      = 20
  reset_interval = "daily"

  # Deleting a guardrail also deletes its assignments. With this setting, Terraform first moves the keys and members to
  # another guardrail, and deletes this one last.
  lifecycle {
    create_before_destroy = true
  }
}

resource "openrouter_guardrail_member_assignment" "lead" {
  guardrail_id = openrouter_guardrail.development.id
  user_id      = var.lead_id
}

# The provider combines the assignments of an apply into few requests.
resource "openrouter_guardrail_member_assignment" "developers" {
  for_each = var.developer_ids

  guardrail_id = openrouter_guardrail.development.id
  user_id      = each.key
}
