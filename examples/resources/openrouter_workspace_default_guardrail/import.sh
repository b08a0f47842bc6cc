# By the id of the workspace.
terraform import openrouter_workspace_default_guardrail.production 0df9e665-d932-5740-b2c7-b52af166bc11

# By its slug.
terraform import openrouter_workspace_default_guardrail.production production
