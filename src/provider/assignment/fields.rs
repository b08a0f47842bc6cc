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
    Field::computed_once(ID, FieldType::String).doc(
        "The id of the assignment: \
                                                     `<guardrail_id>/<key_hash>`.",
    ),
    GUARDRAIL.doc(
        "The id of the guardrail. Changing this moves the key in place and atomically: at no time \
         is it without one of the two guardrails.",
    ),
    Field::required(KEY_HASH, FieldType::String).create_only().checks(&[NOT_EMPTY]).doc(
        "The hash of the API key, 64 hexadecimal digits. This is not the secret key itself. \
         Changing this replaces the assignment.",
    ),
];

pub(super) const MEMBER_ASSIGNMENT: &[Field] = &[
    Field::computed_once(ID, FieldType::String)
        .doc("The id of the assignment: `<workspace_id>/<guardrail_id>/<user_id>`."),
    GUARDRAIL.doc(
        "The id of the guardrail. Changing this moves the member in place. Within a workspace, the \
         move is atomic: at no time is the member without one of the two guardrails.",
    ),
    Field::required(USER_ID, FieldType::String).create_only().checks(&[NOT_EMPTY]).doc(
        "The user id of the member, such as `user_2dHFtVWx2n56w6HkM`. Changing this replaces the \
         assignment.",
    ),
    Field::optional(WORKSPACE_ID, FieldType::String).or_computed().checks(&[Check::Id]).doc(
        "The id of the workspace that the guardrail belongs to. Defaults to the workspace of the \
         guardrail; any other value is an error.",
    ),
];
