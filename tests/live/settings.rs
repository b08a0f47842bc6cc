//! What a maintainer allows a live run to do, from the environment: whose key, in which workspace,
//! with which key and member. Everything is refused here that can be refused before a request is
//! sent.

use terraform_provider_openrouter::client::BaseUrl;

use crate::recording::{is_hex, is_uuid};
use crate::service::{ManagementKey, Target};

const SERVICE: &str = "https://openrouter.ai/api/v1";

const MANAGEMENT_KEY: &str = "OPENROUTER_MANAGEMENT_KEY";
const BASE_URL: &str = "OPENROUTER_BASE_URL";
const WORKSPACE: &str = "OPENROUTER_LIVE_WORKSPACE";
const CONFIRM: &str = "OPENROUTER_LIVE_CONFIRM";
pub(crate) const KEY_HASH: &str = "OPENROUTER_LIVE_KEY_HASH";
pub(crate) const USER_ID: &str = "OPENROUTER_LIVE_USER_ID";

/// Reads the variables, which `variable` looks up. An empty one counts as absent.
pub(crate) fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Target, String> {
    let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
    let required =
        |name: &str, what: &str| variable(name).ok_or(format!("{name} is not set: {what}"));

    let workspace = required(WORKSPACE, "the id of the workspace that the live run may work in")?;
    if !is_uuid(&workspace) {
        return Err(format!("{WORKSPACE} is not a workspace's id, which is a UUID in lower case"));
    }
    let confirmed = required(
        CONFIRM,
        "set it to the id of the workspace, to confirm that guardrails may be made and deleted there",
    )?;
    if confirmed != workspace {
        return Err(format!("{CONFIRM} is not the id in {WORKSPACE}: nothing was sent"));
    }
    let key_hash = variable(KEY_HASH);
    if key_hash.as_ref().is_some_and(|hash| hash.len() != 64 || !hash.bytes().all(is_hex)) {
        return Err(format!("{KEY_HASH} is not a key's hash: 64 hexadecimal digits in lower case"));
    }
    let user_id = variable(USER_ID);
    if user_id.as_ref().is_some_and(|id| !id.bytes().all(is_in_user_id)) {
        return Err(format!("{USER_ID} is not a user's id: letters, digits, `_` and `-`"));
    }
    let base_url = variable(BASE_URL).unwrap_or_else(|| SERVICE.to_owned());
    let base_url = BaseUrl::parse(&base_url).map_err(|error| format!("{BASE_URL}: {error}"))?;
    Ok(Target {
        base_url: base_url.as_str().to_owned(),
        key: ManagementKey::new(required(MANAGEMENT_KEY, "the management key to use")?),
        workspace,
        key_hash,
        user_id,
    })
}

fn is_in_user_id(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0f0e0d0c-0b0a-4908-8706-050403020100";

    fn refusal(changes: &[(&str, &str)]) -> Option<String> {
        let good = [(MANAGEMENT_KEY, "sk-or-mgmt-x"), (WORKSPACE, ID), (CONFIRM, ID)];
        read(|name| {
            let mut variables = changes.iter().chain(&good);
            variables.find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
        .err()
    }

    #[test]
    fn nothing_starts_without_an_explicit_workspace_and_its_confirmation() {
        assert_eq!(refusal(&[]), None);
        let other = ID.replace('0', "1");
        for (name, value, says) in [
            (WORKSPACE, "", "OPENROUTER_LIVE_WORKSPACE is not set"),
            (WORKSPACE, "default", "OPENROUTER_LIVE_WORKSPACE is not a workspace's id"),
            (CONFIRM, "", "OPENROUTER_LIVE_CONFIRM is not set"),
            (CONFIRM, "yes", "OPENROUTER_LIVE_CONFIRM is not the id"),
            (CONFIRM, other.as_str(), "OPENROUTER_LIVE_CONFIRM is not the id"),
            (MANAGEMENT_KEY, "", "OPENROUTER_MANAGEMENT_KEY is not set"),
            (KEY_HASH, "sk-or-v1-secret", "OPENROUTER_LIVE_KEY_HASH is not a key's hash"),
            (USER_ID, "user/../x", "OPENROUTER_LIVE_USER_ID is not a user's id"),
            (BASE_URL, "http://api.example", "OPENROUTER_BASE_URL: "),
            (BASE_URL, "https://me:secret@api.example", "OPENROUTER_BASE_URL: "),
        ] {
            let refusal = refusal(&[(name, value)]).unwrap_or_default();
            assert!(refusal.starts_with(says), "{name}={value}: {refusal}");
            assert!(!refusal.contains("secret"), "a mistaken value is not repeated: {refusal}");
        }
    }
}
