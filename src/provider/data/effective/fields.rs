//! The attributes of `openrouter_effective_guardrail`, made from the settings of guardrails and the
//! rules by which they combine.

use std::sync::LazyLock;

use crate::table::field::{Check, Field, FieldType};

use super::{
    super::super::{
        assignment::{GUARDRAIL_ID, WORKSPACE_ID},
        guardrail::SETTINGS,
    },
    BUDGETS, KEY_HASH, LAYER, LAYERS, NAME, USER_ID,
    combine::{Combination, combination},
};

/// All attributes.
pub(super) static FIELDS: LazyLock<Vec<Field>> = LazyLock::new(|| {
    let mut fields = vec![
        Field::optional(KEY_HASH, FieldType::String)
            .checks(&[Check::Id])
            .doc("The hash of the API key. Set either `key_hash` or `user_id`."),
        Field::optional(USER_ID, FieldType::String).or_computed().checks(&[Check::Id]).doc(
            "The user id of the member. Set either `key_hash`, or `user_id` together with \
             `workspace_id`. With `key_hash`, this is the member who created the key, or null if \
             the API does not return one, in which case there is no layer `member`.",
        ),
        Field::optional(WORKSPACE_ID, FieldType::String).or_computed().checks(&[Check::Id]).doc(
            "The id of the workspace in which the member makes requests. Required with `user_id`. \
             With `key_hash`, this is the workspace of the key.",
        ),
        Field::computed(LAYERS, FieldType::ObjectList(OF_A_LAYER.as_slice())).doc(
            "The guardrails that apply, in the order `workspace_default`, `member`, `key`. Each \
             layer has the settings for which OpenRouter does not state how they combine, and its \
             own filters with their labels and scopes.",
        ),
    ];
    fields.extend(SETTINGS.iter().filter_map(combined_field));
    fields.push(Field::computed(BUDGETS, FieldType::ObjectList(OF_A_BUDGET.as_slice())).doc(
        "The budgets of the layers. Each is checked separately: a request is blocked as soon as \
             one of them is exhausted.",
    ));
    fields
});

/// The attributes of a layer.
static OF_A_LAYER: LazyLock<Vec<Field>> = LazyLock::new(|| {
    let own = SETTINGS.iter().filter(|setting| is_shown_by_layer(setting));
    let guardrail = Field::computed(NAME, FieldType::String).doc("The name of the guardrail.");
    [LAYER_FIELD, GUARDRAIL_FIELD, guardrail]
        .into_iter()
        .chain(own.map(|setting| setting.read_only()))
        .collect()
});

/// The attributes of a budget.
static OF_A_BUDGET: LazyLock<Vec<Field>> = LazyLock::new(|| {
    let of_budget = SETTINGS.iter().filter(|setting| is_of_budget(setting));
    [LAYER_FIELD, GUARDRAIL_FIELD]
        .into_iter()
        .chain(of_budget.map(|setting| setting.read_only()))
        .collect()
});

const LAYER_FIELD: Field = Field::computed(LAYER, FieldType::String)
    .doc("The reason why the guardrail applies: `workspace_default`, `member` or `key`.");
const GUARDRAIL_FIELD: Field =
    Field::computed(GUARDRAIL_ID, FieldType::String).doc("The id of the guardrail.");

const ACTION: Field = Field::computed("action", FieldType::String).doc(
    "The strictest action that a layer has for this filter: `block`, then `redact`, then `flag`. \
     Null if the layers differ and one of them has an action that this version of the provider \
     does not know.",
);
const PATTERN_FILTER: &[Field] =
    &[Field::computed("pattern", FieldType::String).doc("The regular expression."), ACTION];
const BUILTIN_FILTER: &[Field] =
    &[Field::computed("slug", FieldType::String).doc("The slug of the filter."), ACTION];

/// Whether a layer shows its own value of a setting. It does of filters too: which label replaces a
/// match, and which messages are scanned, is not stated where layers differ.
pub(super) fn is_shown_by_layer(setting: &Field) -> bool {
    matches!(combination(setting), Combination::Unstated | Combination::Strictest(_))
}

pub(super) fn is_of_budget(setting: &Field) -> bool {
    combination(setting) == Combination::Budget
}

fn combined_field(setting: &Field) -> Option<Field> {
    let (kind, doc) = match combination(setting) {
        Combination::Intersection => (
            setting.kind,
            "The values that every layer with such a list allows. Null if no layer has a list, so \
             that nothing is restricted. Empty if the lists have no value in common, so that every \
             request is rejected; a warning is shown in this case.",
        ),
        Combination::Union => (setting.kind, "The values that at least one layer ignores."),
        Combination::Any => (setting.kind, setting.read_only().doc),
        Combination::Strictest(key) => {
            let members = if key == "slug" { BUILTIN_FILTER } else { PATTERN_FILTER };
            (
                FieldType::ObjectList(members),
                "The filters of all layers, without duplicates and without labels.",
            )
        }
        Combination::Budget | Combination::None | Combination::Unstated => return None,
    };
    Some(Field::computed(setting.name, kind).doc(doc))
}
