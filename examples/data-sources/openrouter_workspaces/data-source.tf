# The same default guardrail for every workspace.
data "openrouter_workspaces" "all" {}

resource "openrouter_workspace_default_guardrail" "all" {
  for_each           = { for workspace in data.openrouter_workspaces.all.data : workspace.slug => workspace.id }
  workspace_id       = each.value
  enforce_zdr_openai = true
}
