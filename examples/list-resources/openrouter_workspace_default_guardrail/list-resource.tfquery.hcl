# The default guardrails of all workspaces.
list "openrouter_workspace_default_guardrail" "all" {
  provider = openrouter

  # Terraform ends a list after 100 objects unless it has a limit.
  limit = 1000
}

# That of one workspace, with all its settings.
list "openrouter_workspace_default_guardrail" "production" {
  provider         = openrouter
  include_resource = true

  config {
    workspace_id = "0df9e665-d932-5740-b2c7-b52af166bc11"
  }
}
