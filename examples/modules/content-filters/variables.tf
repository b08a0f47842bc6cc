variable "ticket_prefixes" {
  description = "What the numbers of internal tickets begin with."
  type        = set(string)
  default     = ["ACME"]

  validation {
    condition     = alltrue([for prefix in var.ticket_prefixes : can(regex("^[A-Z]+$", prefix))])
    error_message = "Each prefix must consist of capital letters."
  }
}

variable "sample" {
  description = "A text to try the filters on."
  type        = string
  default     = ""
}
