//! The guardrail's field table: every attribute, once. A new field of the API is a new entry here.
//!
//! Names, limits and enumerations are the API's own.

use crate::table::field::{Check, DefaultValue, Field, FieldType};

use super::super::javascript_regex;

const ACTIONS: Check = Check::OneOf(&["redact", "block", "flag"]);
const LABEL_LENGTH: Check = Check::Length { min: 0, max: 100 };
const NAMES: &[Check] = &[Check::NotEmpty, Check::NoEmptyElement];
const PROMPT_INJECTION: &str = "regex-prompt-injection";

/// Groups of fields that are sent together.
const BUDGET: &str = "budget";
const ZDR: &str = "zdr";

/// Every attribute of the resource.
pub const FIELDS: &[Field] = &[
    Field::computed_once("id", FieldType::String).doc("The guardrail's id, a UUID."),
    Field::required("name", FieldType::String).checks(&[Check::Length { min: 1, max: 200 }]).doc(
        "The name of the guardrail, 1 to 200 characters. A workspace can hold several \
             guardrails of one name, but none can be renamed to a name that is taken.",
    ),
    Field::optional("description", FieldType::String)
        .empty_is_null()
        .checks(&[Check::Length { min: 0, max: 1000 }])
        .doc("What the guardrail is for, at most 1000 characters."),
    Field::optional("workspace_id", FieldType::String)
        .or_computed()
        .create_only()
        .checks(&[Check::Id])
        .doc(
            "The id of the workspace that the guardrail is in; by default the account's default \
             workspace. A change replaces the guardrail.",
        ),
    Field::optional("limit_usd", FieldType::Number)
        .sent_with(BUDGET)
        .checks(&[Check::GreaterThan(0), Check::RequiredWith("reset_interval")])
        .doc(
            "How much may be spent in each interval, in US dollars; more than 0. It is set \
             together with `reset_interval`.",
        ),
    Field::optional("reset_interval", FieldType::String)
        .sent_with(BUDGET)
        .checks(&[Check::OneOf(&["daily", "weekly", "monthly"]), Check::RequiredWith("limit_usd")])
        .doc(
            "When the spending starts at zero again: `daily`, `weekly` or `monthly`. It is set \
             together with `limit_usd`.",
        ),
    Field::optional("include_byok_in_budgets", FieldType::Bool).or(DefaultValue::Bool(false)).doc(
        "Whether spending through your own provider keys counts toward `limit_usd` too. \
             Defaults to `false`.",
    ),
    Field::optional("allowed_models", FieldType::StringSet).canonicalized().checks(NAMES).doc(
        "The only models that may be used, by slug or canonical slug, such as \
             `openai/gpt-5.2`. Where it is not set, all may be used.",
    ),
    Field::optional("ignored_models", FieldType::StringSet)
        .canonicalized()
        .checks(NAMES)
        .doc("Models that may not be used, by slug or canonical slug."),
    Field::optional("allowed_providers", FieldType::StringSet).checks(NAMES).doc(
        "The only providers that may serve requests, by slug, such as `anthropic`. Where it \
             is not set, all may.",
    ),
    Field::optional("ignored_providers", FieldType::StringSet)
        .checks(NAMES)
        .doc("Providers that may not serve requests, by slug."),
    Field::optional("allowed_data_regions", FieldType::StringSet)
        .checks(&[
            Check::NotEmpty,
            Check::NoEmptyElement,
            Check::OneOf(&["global", "europe", "us"]),
        ])
        .doc(
            "The only data regions through which requests may arrive: `global`, `europe` and \
             `us`. Where it is not set, they may arrive through any.",
        ),
    Field::optional("content_filters", FieldType::ObjectList(CONTENT_FILTER)).doc(
        "Filters of your own: regular expressions that the messages of requests are scanned \
             for.",
    ),
    Field::optional("content_filter_builtins", FieldType::ObjectList(CONTENT_FILTER_BUILTIN))
        .keyed_by("slug")
        .checks(&[Check::UniqueBy("slug")])
        .doc(
            "Filters that the service brings along, each at most once. Their order has no meaning.",
        ),
    Field::optional("enforce_zdr", FieldType::Bool)
        .fan_out()
        .sent_with(ZDR)
        .deprecated(
            "use enforce_zdr_anthropic, enforce_zdr_google, enforce_zdr_openai, enforce_zdr_xai \
             and enforce_zdr_other instead, which say it per provider.",
        )
        .doc(
            "The value of each of the five attributes `enforce_zdr_anthropic`, \
             `enforce_zdr_google`, `enforce_zdr_openai`, `enforce_zdr_xai` and \
             `enforce_zdr_other` that is not set itself. Set those instead.",
        ),
    zdr("enforce_zdr_anthropic")
        .doc("Whether models of Anthropic are only used with zero data retention."),
    zdr("enforce_zdr_google")
        .doc("Whether models of Google are only used with zero data retention."),
    zdr("enforce_zdr_openai")
        .doc("Whether models of OpenAI are only used with zero data retention."),
    zdr("enforce_zdr_xai").doc("Whether models of xAI are only used with zero data retention."),
    zdr("enforce_zdr_other")
        .doc("Whether models of all other companies are only used with zero data retention."),
    Field::optional("enable_free_model_publication", FieldType::Bool)
        .doc("Whether free endpoints that publish prompts may be used."),
    Field::optional("enable_free_model_training", FieldType::Bool)
        .doc("Whether free endpoints that train on requests may be used."),
    Field::optional("enable_paid_model_training", FieldType::Bool)
        .doc("Whether paid endpoints that train on requests may be used."),
    Field::optional("allow_safety_retention_google", FieldType::Bool)
        .doc("Whether Google may retain requests for safety reviews."),
    Field::optional("allow_safety_retention_other", FieldType::Bool)
        .doc("Whether other providers may retain requests for safety reviews."),
    Field::computed_once("created_at", FieldType::String)
        .doc("When the guardrail was created, in ISO 8601."),
    Field::computed("updated_at", FieldType::String)
        .doc("When the guardrail was last updated, in ISO 8601; null until it first is."),
];

/// Zero data retention of one group of models.
const fn zdr(name: &'static str) -> Field {
    Field::optional(name, FieldType::Bool).default_from("enforce_zdr").sent_with(ZDR)
}

const CONTENT_FILTER: &[Field] = &[
    Field::required("action", FieldType::String)
        .checks(&[ACTIONS])
        .doc("What happens to a message that matches: `redact`, `block` or `flag`."),
    Field::required("pattern", FieldType::String)
        .checks(&[Check::Length { min: 1, max: 100_000 }, Check::Text(javascript_regex::check)])
        .doc(
            "A regular expression as JavaScript has them, without lookaround and backreferences, \
             at most 100000 characters.",
        ),
    Field::optional("label", FieldType::String)
        .checks(&[LABEL_LENGTH])
        .doc("What stands for a redacted match, at most 100 characters."),
];

const CONTENT_FILTER_BUILTIN: &[Field] = &[
    Field::required("slug", FieldType::String)
        .checks(&[Check::OneOf(&[
            "email",
            "phone",
            "ssn",
            "credit-card",
            "ip-address",
            "secrets",
            "person-name",
            "address",
            PROMPT_INJECTION,
        ])])
        .doc(
            "Which filter it is: `email`, `phone`, `ssn`, `credit-card`, `ip-address`, `secrets`, \
             `person-name`, `address` or `regex-prompt-injection`.",
        ),
    Field::required("action", FieldType::String).checks(&[ACTIONS]).doc(
        "What happens to a message in which the filter finds something: `redact`, `block` or \
             `flag`.",
    ),
    Field::optional("scan_scope", FieldType::String)
        .api_default(DefaultValue::String("all_messages"))
        .checks(&[
            Check::OneOf(&["user_only", "all_messages"]),
            Check::OnlyIf { sibling: "slug", value: PROMPT_INJECTION },
        ])
        .doc(
            "Which messages the filter `regex-prompt-injection` scans: `user_only` or \
             `all_messages`, the default.",
        ),
    Field::optional("label", FieldType::String)
        .assigned_by_api()
        .checks(&[LABEL_LENGTH])
        .deprecated(
            "the service assigns the labels of its own filters; what is set here has no effect.",
        )
        .doc(
            "What stands for a redacted match. The service assigns it: what a configuration sets \
             has no effect.",
        ),
];
