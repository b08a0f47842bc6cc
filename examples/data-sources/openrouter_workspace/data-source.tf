data "openrouter_workspace" "production" {
  slug = "production"
}

resource "openrouter_guardrail" "batch" {
  name           = "batch"
  workspace_id   = data.openrouter_workspace.production.id
  limit_usd      = 100
  reset_interval = "monthly"

  lifecycle {
    create_before_destroy = true
  }
}
