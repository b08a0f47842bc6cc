import {
  to = openrouter_workspace_default_guardrail.production
  identity = {
    workspace_id = "0df9e665-d932-5740-b2c7-b52af166bc11"
  }
}
