# The guardrail enforces nothing until it is assigned to keys or members.
resource "openrouter_guardrail" "production" {
  name        = "production"
  description = "Customer traffic: approved models, zero data retention, content filters."

  # The budget of each key and each member, not of all together. Both attributes must be set.
  limit_usd      = 250
  reset_interval = "monthly"

  allowed_models    = ["anthropic/claude-sonnet-4.5", "openai/gpt-5"]
  allowed_providers = ["anthropic", "google-vertex", "openai"]

  # Zero data retention for the models of all companies.
  enforce_zdr_anthropic = true
  enforce_zdr_google    = true
  enforce_zdr_openai    = true
  enforce_zdr_other     = true
  enforce_zdr_xai       = true

  content_filters = [
    {
      action  = "redact"
      pattern = "\\bsk-or-[a-z0-9-]{20,}\\b"
      label   = "[OPENROUTER_KEY]"
    },
  ]

  content_filter_builtins = [
    { slug = "email", action = "redact" },
    { slug = "regex-prompt-injection", action = "block", scan_scope = "user_only" },
  ]

  # Deleting a guardrail also deletes its assignments. With this setting, Terraform first moves the keys and members to
  # another guardrail, and deletes this one last.
  lifecycle {
    create_before_destroy = true
  }
}
