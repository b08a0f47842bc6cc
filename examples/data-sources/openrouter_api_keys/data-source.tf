# The usable keys of all workspaces, and the keys that a guardrail is assigned to.
data "openrouter_workspaces" "all" {}

data "openrouter_api_keys" "usable" {
  for_each     = toset(data.openrouter_workspaces.all.data[*].id)
  workspace_id = each.key
}

data "openrouter_guardrail_key_assignments" "all" {}

locals {
  # The names of the keys without a guardrail of their own, by workspace.
  without_guardrail = {
    for workspace_id, keys in data.openrouter_api_keys.usable : workspace_id => [
      for key in keys.data : key.name
      if !contains(data.openrouter_guardrail_key_assignments.all.data[*].key_hash, key.hash)
    ]
  }
}

# Shows a warning in every plan and apply while there is such a key.
check "every_key_has_a_guardrail" {
  assert {
    condition     = length(flatten(values(local.without_guardrail))) == 0
    error_message = "Keys without a guardrail of their own: ${join(", ", flatten(values(local.without_guardrail)))}."
  }
}

output "keys_without_guardrail" {
  description = "The names of the keys without a guardrail of their own, by workspace."
  value       = local.without_guardrail
}
