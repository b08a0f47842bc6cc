# All members with an e-mail address in one domain.
data "openrouter_organization_members" "all" {}

locals {
  contractors = {
    for member in data.openrouter_organization_members.all.data : member.id => member.email
    if endswith(lower(member.email), "@contractors.example.com")
  }
}

resource "openrouter_guardrail" "contractors" {
  name           = "contractors"
  limit_usd      = 10
  reset_interval = "daily"

  lifecycle {
    create_before_destroy = true
  }
}

resource "openrouter_guardrail_member_assignment" "contractors" {
  for_each     = local.contractors
  guardrail_id = openrouter_guardrail.contractors.id
  user_id      = each.key
}
