# By the id of the guardrail and the hash of the key.
terraform import openrouter_guardrail_key_assignment.ci 550e8400-e29b-41d4-a716-446655440000/f01d52606dc8f0a8303a7b5cc3fa07109c2e346cec7c0a16b40de462992ce943
