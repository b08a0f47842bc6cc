import {
  to = openrouter_guardrail_key_assignment.ci
  identity = {
    key_hash = "f01d52606dc8f0a8303a7b5cc3fa07109c2e346cec7c0a16b40de462992ce943"
  }
}
