//! What an assignment keeps in the private bytes of its state, as JSON: `{"maker":"<word>"}`.
//!
//! Two objects of a state can stand for the same row for a moment: a resource and its new name, or an object and the one that
//! replaces it. When the older one is destroyed, the row must stay. So each object gets a word of its own when it makes a row.

use serde::{Deserialize, Serialize};

/// The private bytes. Other bytes, such as another provider's, are the same as none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Private {
    /// The word for the object; none for one that was imported, or made by an earlier version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) maker: Option<String>,
    /// Whether these are the bytes of a plan for something that is in the state, by which the second plan of a replacement
    /// can be told from that of a new resource. Never set in a state.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) is_planned: bool,
}

impl Private {
    /// Those of an object that makes a row.
    pub(super) fn new() -> Self {
        Self { maker: Some(format!("{:016x}", fastrand::u64(..))), is_planned: false }
    }

    /// Reads private bytes.
    pub(super) fn read(bytes: &[u8]) -> Self {
        serde_json::from_slice(bytes).unwrap_or_default()
    }

    /// The bytes; empty for nothing.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        if *self == Self::default() {
            return Vec::new();
        }
        serde_json::to_vec(self).expect("a word and a boolean are JSON")
    }
}
