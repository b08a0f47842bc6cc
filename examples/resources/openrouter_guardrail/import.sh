# By its id.
terraform import openrouter_guardrail.production 550e8400-e29b-41d4-a716-446655440000

# By the id of its workspace and its name, if no other guardrail of the workspace has that name.
terraform import openrouter_guardrail.production 0df9e665-d932-5740-b2c7-b52af166bc11/production
