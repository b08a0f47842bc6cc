# A key by its name. It is an error if several keys have this name.
data "openrouter_api_key" "ci" {
  name = "key-1"
}

resource "openrouter_guardrail" "ci" {
  name           = "ci"
  limit_usd      = 5
  reset_interval = "daily"

  lifecycle {
    create_before_destroy = true
  }
}

resource "openrouter_guardrail_key_assignment" "ci" {
  guardrail_id = openrouter_guardrail.ci.id
  key_hash     = data.openrouter_api_key.ci.hash
}
