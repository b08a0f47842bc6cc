terraform {
  required_providers {
    openrouter = {
      source = "local.invalid/openrouter/openrouter"
    }
  }
}

# The management key comes from the environment variable OPENROUTER_MANAGEMENT_KEY: a configuration is no place for a
# secret. Everything else has a default.
provider "openrouter" {
  http_referer        = "https://infrastructure.example.com"
  x_open_router_title = "Infrastructure"
}
