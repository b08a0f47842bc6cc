//! What an assignment keeps in the private bytes of its state, as JSON: `{"maker":"<token>"}`.
//!
//! Several objects of a state can hold the same row: a resource and its new name, an object and the
//! one that replaces it, two resources by mistake. When one of them is destroyed, the row must
//! stay. So each object has a token of its own.

use serde::{Deserialize, Serialize};

/// The private bytes. Other bytes, such as another provider's, are the same as none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Private {
    /// The token of the object.
    #[serde(default = "new_token")]
    pub(super) maker: String,
    /// Whether these are the bytes of a plan for something that is in the state, by which the
    /// second plan of a replacement can be told from that of a new resource. Never set in a state.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) is_planned: bool,
    /// Whether the planned deletion leaves the row to another object. Never set in a state.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) keep: bool,
    /// Whether the row is assigned again, because it is removed with another object that held it
    /// too. Decided anew by each read.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) reassign: bool,
}

impl Private {
    /// Those of a new object.
    pub(super) fn new() -> Self {
        Self::of(new_token())
    }

    /// Those of the object with this token, without any mark.
    pub(super) fn of(maker: String) -> Self {
        Self { maker, is_planned: false, keep: false, reassign: false }
    }

    /// Reads private bytes. What has no token gets one.
    pub(super) fn read(bytes: &[u8]) -> Self {
        serde_json::from_slice(bytes).unwrap_or_else(|_| Self::new())
    }

    /// The bytes.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a text and booleans are JSON")
    }
}

fn new_token() -> String {
    format!("{:016x}", fastrand::u64(..))
}
