# Nothing is sent: keys and members are made up.

mock_provider "openrouter" {
  mock_data "openrouter_api_keys" {
    defaults = {
      data = [
        { name = "playground", hash = "1111111111111111111111111111111111111111111111111111111111111111" },
        { name = "checkout", hash = "2222222222222222222222222222222222222222222222222222222222222222" },
        { name = "twice", hash = "3333333333333333333333333333333333333333333333333333333333333333" },
        { name = "twice", hash = "4444444444444444444444444444444444444444444444444444444444444444" },
      ]
    }
  }

  mock_data "openrouter_organization_members" {
    defaults = {
      data = [{ id = "user_ada", email = "Ada@example.com" }]
    }
  }

  mock_resource "openrouter_guardrail" {
    defaults = {
      id = "550e8400-e29b-41d4-a716-446655440000"
    }
  }
}

variables {
  environments = {
    sandbox    = { limit_usd = 5, keys = ["playground"], members = ["ada@EXAMPLE.com"] }
    production = { limit_usd = 250, reset_interval = "daily", keys = ["checkout"] }
  }
}

run "names_become_assignments" {
  variables {
    name_prefix = "acme-"
  }

  assert {
    condition     = openrouter_guardrail_key_assignment.key["checkout"].key_hash == join("", [for i in range(64) : "2"])
    error_message = "The key is found by its name."
  }

  assert {
    condition     = openrouter_guardrail_member_assignment.member["ada@example.com"].user_id == "user_ada"
    error_message = "The member is found by the address, whatever its letter case."
  }

  assert {
    condition     = openrouter_guardrail.environment["production"].name == "acme-production"
    error_message = "The guardrail is named after the environment."
  }

  assert {
    condition     = openrouter_guardrail.environment["sandbox"].reset_interval == "monthly"
    error_message = "Budgets are monthly by default."
  }

  assert {
    condition     = join(" ", output.keys_without_environment) == "twice twice"
    error_message = "Keys without an environment are listed."
  }
}

run "a_key_that_does_not_exist_is_refused" {
  command = plan

  variables {
    environments = { sandbox = { limit_usd = 5, keys = ["unknown"] } }
  }

  expect_failures = [openrouter_guardrail_key_assignment.key["unknown"]]
}

run "a_name_of_several_keys_is_refused" {
  command = plan

  variables {
    environments = { sandbox = { limit_usd = 5, keys = ["twice"] } }
  }

  expect_failures = [openrouter_guardrail_key_assignment.key["twice"]]
}

run "a_member_who_does_not_exist_is_refused" {
  command = plan

  variables {
    environments = { sandbox = { limit_usd = 5, members = ["nobody@example.com"] } }
  }

  expect_failures = [openrouter_guardrail_member_assignment.member["nobody@example.com"]]
}

run "a_key_in_two_environments_is_refused" {
  command = plan

  variables {
    environments = {
      sandbox    = { limit_usd = 5, keys = ["checkout"] }
      production = { limit_usd = 250, keys = ["checkout"] }
    }
  }

  expect_failures = [var.environments]
}

run "a_member_in_two_environments_is_refused" {
  command = plan

  variables {
    environments = {
      sandbox    = { limit_usd = 5, members = ["ada@example.com"] }
      production = { limit_usd = 250, members = ["Ada@example.com"] }
    }
  }

  expect_failures = [var.environments]
}

run "a_budget_above_zero_is_needed" {
  command = plan

  variables {
    environments = { sandbox = { limit_usd = 0 } }
  }

  expect_failures = [var.environments]
}

run "an_unknown_interval_is_refused" {
  command = plan

  variables {
    environments = { sandbox = { limit_usd = 5, reset_interval = "hourly" } }
  }

  expect_failures = [var.environments]
}

run "a_name_with_a_space_is_refused" {
  command = plan

  variables {
    environments = { "my sandbox" = { limit_usd = 5 } }
  }

  expect_failures = [var.environments]
}
