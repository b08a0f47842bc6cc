terraform {
  # For `mock_provider` in the tests; the module itself needs 1.3.
  required_version = ">= 1.7"

  required_providers {
    openrouter = {
      source = "local.invalid/openrouter/openrouter"
    }
  }
}
