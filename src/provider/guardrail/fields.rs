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
    Field::computed_once("id", FieldType::String).doc("The id of the guardrail, a UUID."),
    Field::required("name", FieldType::String)
        .checks(&[Check::Length { min: 1, max: 200 }])
        .doc(
            "The name of the guardrail, 1 to 200 characters. Several guardrails of a workspace can \
         have the same name, but a guardrail cannot be renamed to a name that another one has.",
        )
        .read_doc(
            "The name of the guardrail. Several guardrails of a workspace can have the same name.",
        ),
    Field::optional(WORKSPACE_ID, FieldType::String)
        .or_computed()
        .create_only()
        .checks(&[Check::Id])
        .doc(
            "The id of the workspace that the guardrail belongs to. The guardrail can be assigned \
             only to API keys and members of this workspace. Defaults to the account's default \
             workspace. Changing this replaces the guardrail.",
        )
        .read_doc(
            "The id of the workspace that the guardrail belongs to. Null for a guardrail that is \
             older than workspaces.",
        ),
];

const OF_A_WORKSPACE: &[Field] = &[
    Field::computed_once("id", FieldType::String)
        .doc("The id of the default guardrail: the `default_guardrail_id` of the workspace."),
    Field::computed_once("name", FieldType::String)
        .doc("The name of the default guardrail. OpenRouter sets it, and it cannot be changed."),
    Field::required(WORKSPACE_ID, FieldType::String).create_only().checks(&[Check::Id]).doc(
        "The id of the workspace. Changing this replaces the resource: the default guardrail of \
         the former workspace keeps its settings, and that of the new workspace is taken over.",
    ),
];

const TIMES: &[Field] = &[
    Field::computed_once("created_at", FieldType::String)
        .doc("When the guardrail was created, as an ISO 8601 timestamp."),
    Field::computed("updated_at", FieldType::String).doc(
        "When the guardrail was last updated, as an ISO 8601 timestamp. Null until the first \
              update.",
    ),
];

/// Settings without a field of their own. The times are no attributes of a default guardrail, but
/// cannot be set either.
const EXTRA: &[Field] = &[Field::optional(
    "extra_settings",
    FieldType::ExtraFields { read_only: &["created_at", "updated_at"] },
)
.doc(
    "Settings of the API for which this version of the provider has no attribute, as a JSON \
     object, such as `jsonencode({ new_setting = true })`. The value of each setting is sent to \
     the API and compared with the one that the API returns. Removing a setting sends it as null. \
     Settings that the object does not contain are left unchanged.",
)];

/// What every guardrail limits, whatever it is assigned to.
pub(in crate::provider) const SETTINGS: &[Field] = &[
    Field::optional("description", FieldType::String)
        .empty_is_null()
        .checks(&[Check::Length { min: 0, max: 1000 }])
        .doc("A description of the guardrail, at most 1000 characters.")
        .read_doc("The description of the guardrail."),
    Field::optional("limit_usd", FieldType::Number)
        .part(BUDGET_PART)
        .sent_with(BUDGET)
        .checks(&[Check::GreaterThan(0), Check::RequiredWith("reset_interval")])
        .doc(
            "The budget in US dollars, more than 0: how much each key and each member that the \
             guardrail applies to may spend per `reset_interval`. The budget is not shared: three \
             members together can spend three times as much. Must be set together with \
             `reset_interval`.",
        )
        .read_doc(
            "The budget in US dollars: how much each key and each member that the guardrail \
             applies to may spend per `reset_interval`. The budget is not shared: three members \
             together can spend three times as much. Null if there is no budget.",
        ),
    Field::optional("reset_interval", FieldType::String)
        .part(BUDGET_PART)
        .sent_with(BUDGET)
        .checks(&[Check::OneOf(&["daily", "weekly", "monthly"]), Check::RequiredWith("limit_usd")])
        .doc(
            "How often the spending is reset to zero: `daily`, `weekly` or `monthly`. Must be set \
             together with `limit_usd`.",
        )
        .read_doc("How often the spending is reset to zero: `daily`, `weekly` or `monthly`."),
    Field::optional("include_byok_in_budgets", FieldType::Bool)
        .part(BUDGET_PART)
        .or(DefaultValue::Bool(false))
        .doc(
            "Whether requests through your own provider keys (BYOK) also count toward `limit_usd`, \
             with the amount that they would have cost. Defaults to `false`: only OpenRouter \
             credits count.",
        )
        .read_doc(
            "Whether requests through your own provider keys (BYOK) also count toward `limit_usd`, \
             with the amount that they would have cost. If `false`, only OpenRouter credits count.",
        ),
    Field::optional("allowed_models", FieldType::StringSet)
        .part(MODELS_PART)
        .canonicalized()
        .checks(NAMES)
        .doc(
            "The only models that may be used, by slug or canonical slug, such as \
             `openai/gpt-5.2`; at least one. If this is not set, all models may be used. If \
             several guardrails apply to a request, each of them must allow the model.",
        )
        .read_doc(
            "The only models that may be used, by canonical slug. Null if all models may be used.",
        ),
    Field::optional("ignored_models", FieldType::StringSet)
        .part(MODELS_PART)
        .canonicalized()
        .checks(NAMES)
        .doc("The models that may not be used, by slug or canonical slug; at least one.")
        .read_doc("The models that may not be used, by canonical slug."),
    Field::optional("allowed_providers", FieldType::StringSet).part(MODELS_PART).checks(NAMES).doc(
        "The only providers that may serve requests, by slug, such as `anthropic`; at least one. \
         If this is not set, all providers may serve requests. If several guardrails apply to a \
         request, each of them must allow the provider.",
    )
    .read_doc(
        "The only providers that may serve requests, by slug. Null if all providers may serve \
         requests.",
    ),
    Field::optional("ignored_providers", FieldType::StringSet)
        .part(MODELS_PART)
        .checks(NAMES)
        .doc("The providers that may not serve requests, by slug; at least one.")
        .read_doc("The providers that may not serve requests, by slug."),
    Field::optional("enforce_first_party_harness_models", FieldType::Bool).doc(
        "Whether requests from a known coding harness may use only the models of the harness's own \
         vendor: those of OpenAI for Codex, and those of Anthropic for Claude Code and Claude \
         Desktop.",
    ),
    Field::optional("allowed_data_regions", FieldType::StringSet)
        .checks(&[
            Check::NotEmpty,
            Check::NoEmptyElement,
            Check::OneOf(&["global", "europe", "us"]),
        ])
        .doc(
            "The only data regions through which requests may be sent: `global` (openrouter.ai), \
             `europe` (eu.openrouter.ai) and `us` (us.openrouter.ai); at least one. Requests \
             through other regions are rejected. If this is not set, all regions may be used.",
        )
        .read_doc(
            "The only data regions through which requests may be sent: `global` (openrouter.ai), \
             `europe` (eu.openrouter.ai) and `us` (us.openrouter.ai). Null if all regions may be \
             used.",
        ),
    Field::optional("content_filters", FieldType::ObjectList(CONTENT_FILTER))
        .part(MODERATION_PART)
        .doc(
            "Custom content filters: regular expressions that requests are scanned for. A filter \
             scans what is sent: message content, arguments of tool calls and prompts. The \
             response of the model is never scanned.",
        ),
    Field::optional("content_filter_builtins", FieldType::ObjectList(CONTENT_FILTER_BUILTIN))
        .part(MODERATION_PART)
        .keyed_by("slug")
        .checks(&[Check::UniqueBy("slug")])
        .doc(
            "Content filters that OpenRouter provides, each at most once. Their order does not \
             matter. They scan the same parts of a request as `content_filters`.",
        )
        .read_doc(
            "Content filters that OpenRouter provides. They scan the same parts of a request as \
             `content_filters`.",
        ),
    Field::optional("enforce_zdr", FieldType::Bool)
        .fan_out()
        .sent_with(ZDR)
        .deprecated(
            "Use `enforce_zdr_anthropic`, `enforce_zdr_google`, `enforce_zdr_openai`, \
             `enforce_zdr_xai` and `enforce_zdr_other` instead.",
        )
        .doc(
            "The default for those of the attributes `enforce_zdr_anthropic`, \
             `enforce_zdr_google`, `enforce_zdr_openai`, `enforce_zdr_xai` and \
             `enforce_zdr_other` that are not set. Set these attributes instead.",
        )
        .read_doc(
            "The value that the API returns for this deprecated setting. It does not tell what is \
             enforced: read `enforce_zdr_anthropic`, `enforce_zdr_google`, `enforce_zdr_openai`, \
             `enforce_zdr_xai` and `enforce_zdr_other` instead.",
        ),
    zdr("enforce_zdr_anthropic")
        .doc("Whether Anthropic models may be used only with zero data retention (ZDR)."),
    zdr("enforce_zdr_google")
        .doc("Whether Google models may be used only with zero data retention (ZDR)."),
    zdr("enforce_zdr_openai")
        .doc("Whether OpenAI models may be used only with zero data retention (ZDR)."),
    zdr("enforce_zdr_xai").doc("Whether xAI models may be used only with zero data retention \
                                (ZDR)."),
    zdr("enforce_zdr_other")
        .doc("Whether the models of all other companies may be used only with zero data retention \
              (ZDR)."),
    Field::optional("enable_free_model_publication", FieldType::Bool)
        .doc("Whether free endpoints that publish prompts may be used."),
    Field::optional("enable_free_model_training", FieldType::Bool)
        .doc("Whether free endpoints that train on request data may be used."),
    Field::optional("enable_paid_model_training", FieldType::Bool)
        .doc("Whether paid endpoints that train on request data may be used."),
    Field::optional("allow_safety_retention_google", FieldType::Bool)
        .doc("Whether Google may retain requests for safety reviews."),
    Field::optional("allow_safety_retention_other", FieldType::Bool)
        .doc("Whether other providers may retain requests for safety reviews."),
];

/// Zero data retention of one group of models.
const fn zdr(name: &'static str) -> Field {
    Field::optional(name, FieldType::Bool).default_from("enforce_zdr").sent_with(ZDR)
}

const ACTION_DOC: &str = "What happens to a request that matches: `block` rejects it with status \
    403, `redact` replaces each match and forwards the request, `flag` only records the match.";

/// The pattern of a filter.
pub(in crate::provider) const CONTENT_FILTER_PATTERN: Field =
    Field::required("pattern", FieldType::String)
        .checks(&[Check::Length { min: 1, max: 100_000 }, Check::Text(javascript_regex::check)])
        .doc(
            "The JavaScript regular expression to scan for, 1 to 100000 characters. Lookaround, \
     backreferences and nested quantifiers are not supported.",
        )
        .read_doc("The JavaScript regular expression to scan for.");

/// One of a guardrail's own filters.
pub(in crate::provider) const CONTENT_FILTER: &[Field] = &[
    Field::required("action", FieldType::String).checks(&[ACTIONS]).doc(ACTION_DOC),
    CONTENT_FILTER_PATTERN,
    Field::optional("label", FieldType::String)
        .checks(&[LABEL_LENGTH])
        .doc("The text that replaces a redacted match, at most 100 characters.")
        .read_doc("The text that replaces a redacted match."),
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
            "The slug of the filter: `email`, `phone`, `ssn`, `credit-card`, `ip-address`, \
             `secrets`, `person-name`, `address` or `regex-prompt-injection`. `person-name` and \
             `address` are probabilistic: they can miss a match, they delay long requests, and \
             they let a request pass if their check times out.",
        ),
    Field::required("action", FieldType::String).checks(&[ACTIONS]).doc(ACTION_DOC),
    Field::optional("scan_scope", FieldType::String)
        .api_default(DefaultValue::String("all_messages"))
        .checks(&[
            Check::OneOf(&["user_only", "all_messages"]),
            Check::OnlyIf { sibling: "slug", value: PROMPT_INJECTION },
        ])
        .doc(
            "Which messages are scanned: `user_only` or `all_messages`. Can only be set for the \
             filter `regex-prompt-injection`. Defaults to `all_messages`.",
        )
        .read_doc(
            "Which messages the filter `regex-prompt-injection` scans: `user_only` or \
             `all_messages`. Null means `all_messages`.",
        ),
    Field::optional("label", FieldType::String)
        .assigned_by_api()
        .checks(&[LABEL_LENGTH])
        .deprecated(
            "The API assigns the labels of the built-in filters. A value in the configuration has \
             no effect.",
        )
        .doc(
            "The text that replaces a redacted match. The API assigns it: a value in the \
             configuration has no effect.",
        )
        .read_doc("The text that replaces a redacted match. The API assigns it."),
];
