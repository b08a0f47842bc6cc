import {
  to = openrouter_guardrail_member_assignment.lead
  id = "0df9e665-d932-5740-b2c7-b52af166bc11/550e8400-e29b-41d4-a716-446655440000/user_2dHFtVWx2n56w6HkM"
}
