variable "workspace_id" {
  description = "The id of the workspace, a UUID."
  type        = string
}

# Applies to all requests of the workspace, in addition to the guardrails that are assigned.
resource "openrouter_workspace_default_guardrail" "production" {
  workspace_id = var.workspace_id

  enforce_zdr_anthropic = true
  enforce_zdr_google    = true
  enforce_zdr_openai    = true
  enforce_zdr_other     = true
  enforce_zdr_xai       = true

  content_filter_builtins = [
    { slug = "secrets", action = "block" },
  ]
}
