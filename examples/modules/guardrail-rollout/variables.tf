variable "environments" {
  description = "The guardrail of each environment, and the keys and members that it is assigned to, by the environment's name."
  nullable    = false

  type = map(object({
    description = optional(string)

    # The budget of each key and each member, not of all together.
    limit_usd      = number
    reset_interval = optional(string, "monthly")

    # Null allows all.
    allowed_models    = optional(set(string))
    allowed_providers = optional(set(string))

    content_filter_builtins = optional(list(object({ slug = string, action = string })))

    # Names of API keys, and e-mail addresses of members.
    keys    = optional(set(string), [])
    members = optional(set(string), [])
  }))

  validation {
    condition     = alltrue([for name in keys(var.environments) : can(regex("^[a-z][a-z0-9-]*$", name))])
    error_message = "The name of an environment has lower-case letters, digits and hyphens only, and begins with a letter."
  }

  validation {
    condition     = alltrue([for each in var.environments : each.limit_usd > 0])
    error_message = "Each environment needs a limit_usd above 0."
  }

  validation {
    condition     = alltrue([for each in var.environments : contains(["daily", "weekly", "monthly"], each.reset_interval)])
    error_message = "A reset_interval is \"daily\", \"weekly\" or \"monthly\"."
  }

  validation {
    condition = alltrue([
      for names in [flatten([for each in var.environments : tolist(each.keys)])] : length(names) == length(distinct(names))
    ])
    error_message = "A key can be in one environment only: OpenRouter lets it have a single guardrail."
  }

  validation {
    condition = alltrue([
      for emails in [flatten([for each in var.environments : [for email in each.members : lower(email)]])] :
      length(emails) == length(distinct(emails))
    ])
    error_message = "A member can be in one environment only: OpenRouter lets a member have a single guardrail in a workspace."
  }
}

variable "workspace_id" {
  description = "The id of the workspace of the guardrails and keys; by default the account's default workspace."
  type        = string
  default     = null
}

variable "name_prefix" {
  description = "What the names of the guardrails begin with."
  type        = string
  default     = ""
  nullable    = false
}
