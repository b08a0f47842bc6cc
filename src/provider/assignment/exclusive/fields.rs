//! The field tables of the two resources that hold all assignments of a guardrail.

use crate::table::field::{Check, Field, FieldType};

use super::super::fields::GUARDRAIL_ID;

pub(super) const KEY_HASHES: &str = "key_hashes";
pub(super) const USER_IDS: &str = "user_ids";

const GUARDRAIL: Field =
    Field::required(GUARDRAIL_ID, FieldType::String).create_only().checks(&[Check::Id]).doc(
        "The id of the guardrail. Changing this replaces the resource: everything in the set is \
         moved to the new guardrail atomically. What the same change takes out of the set stays \
         assigned to the former guardrail.",
    );

const TEXTS: &[Check] = &[Check::NoEmptyElement];

pub(super) const KEYS: &[Field] = &[
    GUARDRAIL,
    Field::required(KEY_HASHES, FieldType::StringSet).checks(TEXTS).doc(
        "The hashes of all API keys that the guardrail is assigned to, 64 hexadecimal digits each. \
         These are not the secret keys themselves. With an empty set, the guardrail is assigned to \
         no key.",
    ),
];

pub(super) const MEMBERS: &[Field] = &[
    GUARDRAIL,
    Field::required(USER_IDS, FieldType::StringSet).checks(TEXTS).doc(
        "The user ids of all members that the guardrail is assigned to, such as \
         `user_2dHFtVWx2n56w6HkM`. With an empty set, the guardrail is assigned to no member.",
    ),
];
