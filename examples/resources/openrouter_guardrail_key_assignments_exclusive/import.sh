# By the id of the guardrail.
terraform import openrouter_guardrail_key_assignments_exclusive.production 550e8400-e29b-41d4-a716-446655440000
