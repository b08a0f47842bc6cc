# The assignments of all guardrails to API keys.
list "openrouter_guardrail_key_assignment" "all" {
  provider = openrouter

  # Terraform ends a list after 100 objects unless it has a limit.
  limit = 10000
}

# Those of one guardrail. A `workspace_id` narrows the list to a workspace instead.
list "openrouter_guardrail_key_assignment" "production" {
  provider = openrouter
  limit    = 10000

  config {
    guardrail_id = "550e8400-e29b-41d4-a716-446655440000"
  }
}
