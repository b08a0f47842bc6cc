//! The guardrail's field tables: every setting, once. A new field of the API is a new entry in
//! [`SETTINGS`].
//!
//! Names, limits and enumerations are the API's own.

use crate::table::field::{Check, DefaultValue, Field, FieldType};

use super::super::{assignment::WORKSPACE_ID, javascript_regex};

const ACTIONS: Check = Check::OneOf(&["redact", "block", "flag"]);
const LABEL_LENGTH: Check = Check::Length { min: 0, max: 100 };
const NAMES: &[Check] = &[Check::NotEmpty, Check::NoEmptyElement];
const PROMPT_INJECTION: &str = "regex-prompt-injection";

/// Groups of fields that are sent together.
const BUDGET: &str = "budget";
const ZDR: &str = "zdr";

/// Parts of a guardrail that a policy can replace, by the API's names for the kinds of policies.
const BUDGET_PART: &str = "budget";
const MODELS_PART: &str = "model_availability";
const MODERATION_PART: &str = "moderation";

/// What the API returns of a guardrail.
pub const FIELDS: &[Field] = &concat::<{ OF_A_GUARDRAIL.len() + SETTINGS.len() + TIMES.len() }>([
    OF_A_GUARDRAIL,
    SETTINGS,
    TIMES,
]);

/// The attributes of `openrouter_guardrail`.
pub(super) const GUARDRAIL: &[Field] = &concat::<{ FIELDS.len() + 1 }>([FIELDS, EXTRA, &[]]);

/// The attributes of `openrouter_workspace_default_guardrail`.
pub(super) const WORKSPACE_DEFAULT: &[Field] =
    &concat::<{ OF_A_WORKSPACE.len() + SETTINGS.len() + 1 }>([OF_A_WORKSPACE, SETTINGS, EXTRA]);

/// One table made of several.
const fn concat<const N: usize>(tables: [&[Field]; 3]) -> [Field; N] {
    let mut all = [tables[0][0]; N];
    let (mut table, mut count) = (0, 0);
    while table < tables.len() {
        let mut row = 0;
        while row < tables[table].len() {
            all[count] = tables[table][row];
            (count, row) = (count + 1, row + 1);
        }
        table += 1;
    }
    assert!(count == N, "a table has as many rows as its parts together");
    all
}

const OF_A_GUARDRAIL: &[Field] = &[
    Field::computed_once("id", FieldType::String).doc("The guardrail's id, a UUID."),
    Field::required("name", FieldType::String).checks(&[Check::Length { min: 1, max: 200 }]).doc(
        "The name of the guardrail, 1 to 200 characters. A workspace can hold several guardrails \
         of one name, but none can be renamed to a name that is taken.",
    ),
    Field::optional(WORKSPACE_ID, FieldType::String)
        .or_computed()
        .create_only()
        .checks(&[Check::Id])
        .doc(
            "The id of the workspace that the guardrail belongs to; by default the account's \
             default workspace. It decides which keys and members the guardrail can be assigned \
             to, and assigns it to none of them. A change replaces the guardrail.",
        ),
];

const OF_A_WORKSPACE: &[Field] = &[
    Field::computed_once("id", FieldType::String)
        .doc("The id of the default guardrail, which the workspace names."),
    Field::computed_once("name", FieldType::String)
        .doc("The name of the default guardrail, which cannot be changed."),
    Field::required(WORKSPACE_ID, FieldType::String).create_only().checks(&[Check::Id]).doc(
        "The id of the workspace. A change leaves the default guardrail of the former workspace \
         as it is, and takes over that of the new one.",
    ),
];

const TIMES: &[Field] = &[
    Field::computed_once("created_at", FieldType::String)
        .doc("When the guardrail was created, in ISO 8601."),
    Field::computed("updated_at", FieldType::String)
        .doc("When the guardrail was last updated, in ISO 8601; null until it first is."),
];

/// Settings without a field of their own. The times are no attributes of a default guardrail, but
/// cannot be set either.
const EXTRA: &[Field] = &[Field::optional(
    "extra_settings",
    FieldType::ExtraFields { read_only: &["created_at", "updated_at"] },
)
.doc(
    "Settings that the API has, and that this version of the provider has no attribute for: a JSON \
     object, such as `jsonencode({ new_setting = true })`. They are sent with the others and \
     compared with what the API returns, each by its value. A setting that is taken out is sent as \
     null. Settings that are not named here are left alone.",
)];

/// What every guardrail limits, whatever it is assigned to.
pub(in crate::provider) const SETTINGS: &[Field] = &[
    Field::optional("description", FieldType::String)
        .empty_is_null()
        .checks(&[Check::Length { min: 0, max: 1000 }])
        .doc("What the guardrail is for, at most 1000 characters."),
    Field::optional("limit_usd", FieldType::Number)
        .part(BUDGET_PART)
        .sent_with(BUDGET)
        .checks(&[Check::GreaterThan(0), Check::RequiredWith("reset_interval")])
        .doc(
            "How much each key and each member that the guardrail applies to may spend in an \
             interval, in US dollars; more than 0. The budget is not shared: three members can \
             spend three times as much together. It is set together with `reset_interval`.",
        ),
    Field::optional("reset_interval", FieldType::String)
        .part(BUDGET_PART)
        .sent_with(BUDGET)
        .checks(&[Check::OneOf(&["daily", "weekly", "monthly"]), Check::RequiredWith("limit_usd")])
        .doc(
            "When the spending starts at zero again: `daily`, `weekly` or `monthly`. It is set \
             together with `limit_usd`.",
        ),
    Field::optional("include_byok_in_budgets", FieldType::Bool)
        .part(BUDGET_PART)
        .or(DefaultValue::Bool(false))
        .doc(
            "Whether requests through your own provider keys count toward `limit_usd` too, with \
             what they would have cost. Defaults to `false`: only OpenRouter credits count.",
        ),
    Field::optional("allowed_models", FieldType::StringSet)
        .part(MODELS_PART)
        .canonicalized()
        .checks(NAMES)
        .doc(
            "The only models that may be used, by slug or canonical slug, such as \
             `openai/gpt-5.2`. Where it is not set, all may be used. Of several guardrails that \
             apply to a request, each must allow the model.",
        ),
    Field::optional("ignored_models", FieldType::StringSet)
        .part(MODELS_PART)
        .canonicalized()
        .checks(NAMES)
        .doc("Models that may not be used, by slug or canonical slug."),
    Field::optional("allowed_providers", FieldType::StringSet).part(MODELS_PART).checks(NAMES).doc(
        "The only providers that may serve requests, by slug, such as `anthropic`. Where it is \
             not set, all may. Of several guardrails that apply to a request, each must allow the \
             provider.",
    ),
    Field::optional("ignored_providers", FieldType::StringSet)
        .part(MODELS_PART)
        .checks(NAMES)
        .doc("Providers that may not serve requests, by slug."),
    Field::optional("enforce_first_party_harness_models", FieldType::Bool).doc(
        "Whether requests from a known coding harness may only use models of the harness's own \
         vendor: of OpenAI for Codex, of Anthropic for Claude Code and Claude Desktop.",
    ),
    Field::optional("allowed_data_regions", FieldType::StringSet)
        .checks(&[
            Check::NotEmpty,
            Check::NoEmptyElement,
            Check::OneOf(&["global", "europe", "us"]),
        ])
        .doc(
            "The only data regions through which requests may arrive: `global` (openrouter.ai), \
             `europe` (eu.openrouter.ai) and `us` (us.openrouter.ai). Others are rejected. Where \
             it is not set, requests may arrive through any.",
        ),
    Field::optional("content_filters", FieldType::ObjectList(CONTENT_FILTER))
        .part(MODERATION_PART)
        .doc(
            "Filters of your own: regular expressions that requests are scanned for. What is sent \
             is scanned (message content, arguments of tool calls, prompts), never the model's \
             reply.",
        ),
    Field::optional("content_filter_builtins", FieldType::ObjectList(CONTENT_FILTER_BUILTIN))
        .part(MODERATION_PART)
        .keyed_by("slug")
        .checks(&[Check::UniqueBy("slug")])
        .doc(
            "Filters that OpenRouter provides, each at most once. Their order has no meaning. They \
             scan what `content_filters` scan.",
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
];

/// Zero data retention of one group of models.
const fn zdr(name: &'static str) -> Field {
    Field::optional(name, FieldType::Bool).default_from("enforce_zdr").sent_with(ZDR)
}

const ACTION_DOC: &str = "What happens to a request with a match: `block` refuses it with status \
    403, `redact` replaces the match and forwards it, `flag` only records it.";

/// The pattern of a filter.
pub(in crate::provider) const CONTENT_FILTER_PATTERN: Field = Field::required(
    "pattern",
    FieldType::String,
)
.checks(&[Check::Length { min: 1, max: 100_000 }, Check::Text(javascript_regex::check)])
.doc(
    "A regular expression as JavaScript has them, without lookaround and backreferences, at \
         most 100000 characters.",
);

/// One of a guardrail's own filters.
pub(in crate::provider) const CONTENT_FILTER: &[Field] = &[
    Field::required("action", FieldType::String).checks(&[ACTIONS]).doc(ACTION_DOC),
    CONTENT_FILTER_PATTERN,
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
             `person-name`, `address` or `regex-prompt-injection`. `person-name` and `address` \
             recognise language with some probability, add time to long requests, and let a \
             request pass when their check times out.",
        ),
    Field::required("action", FieldType::String).checks(&[ACTIONS]).doc(ACTION_DOC),
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
            "the API assigns the labels of the builtin filters; what is set here has no effect.",
        )
        .doc(
            "What stands for a redacted match. The API assigns it: what a configuration sets has no \
             effect.",
        ),
];
