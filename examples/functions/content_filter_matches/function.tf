locals {
  # In a Terraform string, a backslash must be written twice.
  key_pattern = "\\bsk-or-[a-z0-9-]{20,}\\b"
}

output "finds_a_key" {
  value = provider::openrouter::content_filter_matches(local.key_pattern, "My key is sk-or-v1-0123456789abcdef0123.")
}

output "finds_no_key" {
  value = provider::openrouter::content_filter_matches(local.key_pattern, "I have no key.")
}
