import {
  to = openrouter_guardrail_member_assignments_exclusive.contractors
  identity = {
    guardrail_id = "550e8400-e29b-41d4-a716-446655440000"
  }
}
