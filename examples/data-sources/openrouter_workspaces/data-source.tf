# Takes over the default guardrail of every workspace, and clears all of its settings that are not listed here.
data "openrouter_workspaces" "all" {}

resource "openrouter_workspace_default_guardrail" "all" {
  for_each           = { for workspace in data.openrouter_workspaces.all.data : workspace.slug => workspace.id }
  workspace_id       = each.value
  enforce_zdr_openai = true
}
