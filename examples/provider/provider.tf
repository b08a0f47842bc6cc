terraform {
  required_providers {
    openrouter = {
      source = "local.invalid/openrouter/openrouter"
    }
  }
}

# The management key is read from the environment variable OPENROUTER_MANAGEMENT_KEY, which keeps it out of the
# configuration. All other settings have defaults.
provider "openrouter" {
  http_referer        = "https://infrastructure.example.com"
  x_open_router_title = "Infrastructure"
}
