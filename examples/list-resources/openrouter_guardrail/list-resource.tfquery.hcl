# The guardrails of all workspaces, without the default guardrails of the workspaces.
list "openrouter_guardrail" "all" {
  provider = openrouter

  # Terraform ends a list after 100 objects unless it has a limit.
  limit = 1000
}

# Those of one workspace, with all their settings.
list "openrouter_guardrail" "production" {
  provider         = openrouter
  include_resource = true
  limit            = 1000

  config {
    workspace_id = "0df9e665-d932-5740-b2c7-b52af166bc11"
  }
}
