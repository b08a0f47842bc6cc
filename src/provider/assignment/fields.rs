//! The field tables of the two assignment resources.

use crate::table::field::{Check, Field, FieldType};

pub(super) const ID: &str = "id";
pub(in crate::provider) const GUARDRAIL_ID: &str = "guardrail_id";
pub(in crate::provider) const WORKSPACE_ID: &str = "workspace_id";
pub(super) const KEY_HASH: &str = "key_hash";
pub(super) const USER_ID: &str = "user_id";

const NOT_EMPTY: Check = Check::Length { min: 1, max: 1000 };

const GUARDRAIL: Field = Field::required(GUARDRAIL_ID, FieldType::String).checks(&[Check::Id]);

pub(super) const KEY_ASSIGNMENT: &[Field] = &[
    Field::computed_once(ID, FieldType::String).doc("`<guardrail_id>/<key_hash>`."),
    GUARDRAIL.doc(
        "The id of the guardrail. A change moves the key in one step: at any time it has one of \
         the two guardrails.",
    ),
    Field::required(KEY_HASH, FieldType::String).create_only().checks(&[NOT_EMPTY]).doc(
        "The hash of the key, 64 hexadecimal digits, as the API lists keys; not the key itself. A \
         change replaces the assignment.",
    ),
];

pub(super) const MEMBER_ASSIGNMENT: &[Field] = &[
    Field::computed_once(ID, FieldType::String).doc("`<workspace_id>/<guardrail_id>/<user_id>`."),
    GUARDRAIL.doc(
        "The id of the guardrail. A change moves the member in one step: at any time the member \
         has one of the two guardrails.",
    ),
    Field::required(USER_ID, FieldType::String).create_only().checks(&[NOT_EMPTY]).doc(
        "The user id of the member, such as `user_2dHFtVWx2n56w6HkM`. A change replaces the \
         assignment.",
    ),
    Field::optional(WORKSPACE_ID, FieldType::String).or_computed().checks(&[Check::Id]).doc(
        "The id of the workspace that the guardrail is in. It need not be set; if it is, it must \
         be that one.",
    ),
];
