//! The keys and members of the mock that the demo uses, and which of them each variable of the example names.

use std::fmt;

use anyhow::{Result, bail};
use serde_json::json;

use crate::mock::Holdings;

/// How many of the mock's keys are used.
const KEYS: usize = 8;
/// How many of its members are used, and how many of those get the production guardrail.
const MEMBERS: usize = 6;
const PRODUCTION_MEMBERS: usize = 2;

/// The keys and members that get guardrails.
pub(crate) struct Cast {
    key_hashes: Vec<String>,
    member_ids: Vec<String>,
}

impl Cast {
    /// The first of those that the mock has.
    pub(crate) fn of(holdings: Holdings) -> Result<Self> {
        let Holdings { mut key_hashes, mut member_ids, .. } = holdings;
        if key_hashes.len() < KEYS || member_ids.len() < MEMBERS {
            bail!(
                "the mock has {} keys and {} members, too few",
                key_hashes.len(),
                member_ids.len()
            );
        }
        key_hashes.truncate(KEYS);
        member_ids.truncate(MEMBERS);
        Ok(Self { key_hashes, member_ids })
    }

    /// The example's variables, for Terraform's environment, where the first keys get the production guardrail.
    pub(crate) fn variables(&self, production_keys: usize) -> [(&'static str, String); 4] {
        let (production, sandbox) = self.key_hashes.split_at(production_keys);
        let (trusted, others) = self.member_ids.split_at(PRODUCTION_MEMBERS);
        [
            ("TF_VAR_production_keys", json!(production).to_string()),
            ("TF_VAR_sandbox_keys", json!(sandbox).to_string()),
            ("TF_VAR_production_members", json!(trusted).to_string()),
            ("TF_VAR_sandbox_members", json!(others).to_string()),
        ]
    }
}

impl fmt::Display for Cast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (keys, members) = (self.key_hashes.len(), self.member_ids.len());
        write!(
            f,
            "{keys} keys and {members} members of the mock, some for production, the others for the sandbox"
        )
    }
}
