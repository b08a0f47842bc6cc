# Functions work without a configuration of the provider, so no key is needed.

run "an_ordinary_text_passes" {
  command = plan

  variables {
    sample = "What is the capital of France?"
  }

  assert {
    condition     = output.result == { action = "pass", text = var.sample }
    error_message = "A filter matches an ordinary text."
  }
}

run "keys_and_tickets_are_redacted" {
  command = plan

  variables {
    sample = "ACME-42: sk-or-v1-0123456789abcdef0123 was leaked."
  }

  assert {
    condition     = output.result.action == "redact"
    error_message = "A key must be redacted."
  }

  assert {
    condition     = output.result.text == "[TICKET]: [OPENROUTER_KEY] was leaked."
    error_message = "Something else was redacted: ${output.result.text}"
  }
}

run "other_tickets_are_redacted_on_request" {
  command = plan

  variables {
    ticket_prefixes = ["OPS", "WEB"]
    sample          = "OPS-1, WEB-2 and ACME-3"
  }

  assert {
    condition     = output.result.text == "[TICKET], [TICKET] and ACME-3"
    error_message = "Something else was redacted: ${output.result.text}"
  }
}

run "projects_are_only_recorded" {
  command = plan

  variables {
    sample = "When does project Heron begin?"
  }

  assert {
    condition     = output.result == { action = "flag", text = var.sample }
    error_message = "The name of a project must be flagged, and nothing else."
  }
}

run "private_keys_are_blocked" {
  command = plan

  variables {
    sample = "ACME-42 has -----BEGIN RSA PRIVATE KEY-----"
  }

  assert {
    condition     = output.result.action == "block" && output.result.text == null
    error_message = "A private key must be blocked."
  }
}
