variable "lead_email" {
  description = "The e-mail address of the team's lead."
  type        = string
}

# Case is ignored.
data "openrouter_organization_member" "lead" {
  email = var.lead_email
}

data "openrouter_guardrail" "production" {
  name = "production"
}

resource "openrouter_guardrail_member_assignment" "lead" {
  guardrail_id = data.openrouter_guardrail.production.id
  user_id      = data.openrouter_organization_member.lead.id
}
