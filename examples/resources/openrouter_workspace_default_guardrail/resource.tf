variable "workspace_id" {
  description = "The id of the workspace, a UUID."
  type        = string
}

# What holds for every request of the workspace, whatever guardrails are assigned besides.
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
