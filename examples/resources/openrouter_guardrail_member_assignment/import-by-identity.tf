import {
  to = openrouter_guardrail_member_assignment.lead
  identity = {
    workspace_id = "0df9e665-d932-5740-b2c7-b52af166bc11"
    user_id      = "user_2dHFtVWx2n56w6HkM"
  }
}
