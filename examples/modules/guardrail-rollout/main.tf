# One guardrail for each environment, assigned to keys by name and to members by e-mail address.

# Disabled and expired keys too, so that a key keeps its guardrail while it is disabled.
data "openrouter_api_keys" "workspace" {
  workspace_id     = var.workspace_id
  include_disabled = true
  include_expired  = true
}

# The keys that can be used, for an output.
data "openrouter_api_keys" "usable" {
  workspace_id = var.workspace_id
}

data "openrouter_organization_members" "all" {}

locals {
  # The hashes of the keys of each name, and the user ids of the members of each address. More than one key can have a name.
  hashes   = { for key in data.openrouter_api_keys.workspace.data : key.name => key.hash... }
  user_ids = { for member in data.openrouter_organization_members.all.data : lower(member.email) => member.id... }

  # The environment of each key and member.
  keys    = merge([for name, each in var.environments : { for key in each.keys : key => name }]...)
  members = merge([for name, each in var.environments : { for email in each.members : lower(email) => name }]...)
}

resource "openrouter_guardrail" "environment" {
  for_each = var.environments

  name                    = "${var.name_prefix}${each.key}"
  description             = each.value.description
  workspace_id            = var.workspace_id
  limit_usd               = each.value.limit_usd
  reset_interval          = each.value.reset_interval
  allowed_models          = each.value.allowed_models
  allowed_providers       = each.value.allowed_providers
  content_filter_builtins = each.value.content_filter_builtins

  # Deleting a guardrail also drops its assignments. With this, Terraform first moves its keys and members to another
  # guardrail, and deletes this one last.
  lifecycle {
    create_before_destroy = true
  }
}

# One resource for each key, whatever its environment: a key that changes environments is an update in place, in which it
# has one of the two guardrails at any time.
resource "openrouter_guardrail_key_assignment" "key" {
  for_each = local.keys

  guardrail_id = openrouter_guardrail.environment[each.value].id
  key_hash     = one(lookup(local.hashes, each.key, []))

  lifecycle {
    precondition {
      condition     = length(lookup(local.hashes, each.key, [])) > 0
      error_message = "The workspace has no key named \"${each.key}\" (environment \"${each.value}\"). Check the name and workspace_id."
    }

    precondition {
      condition     = length(lookup(local.hashes, each.key, [])) < 2
      error_message = "The workspace has several keys named \"${each.key}\" (environment \"${each.value}\"). Rename all but one of them."
    }
  }
}

resource "openrouter_guardrail_member_assignment" "member" {
  for_each = local.members

  guardrail_id = openrouter_guardrail.environment[each.value].id
  user_id      = one(lookup(local.user_ids, each.key, []))

  lifecycle {
    precondition {
      condition     = length(lookup(local.user_ids, each.key, [])) == 1
      error_message = "The organization has no member with the address \"${each.key}\" (environment \"${each.value}\"). Invite the member first."
    }
  }
}
