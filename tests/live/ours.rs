//! What a live run makes, and how it is told from everything else in the workspace. Only guardrails
//! are made, and only those that these rules recognise are ever deleted.

use reqwest::Method;
use serde_json::Value;

use crate::recording::is_hex;
use crate::service::Service;

const PREFIX: &str = "tf-live-";
/// How many random digits follow it.
const DIGITS: usize = 8;
/// What the suite calls its guardrails, after the random digits.
const ROLES: [&str; 4] = ["api", "renamed", "second", "terraform"];

/// What every description begins with.
pub(crate) const MARK: &str =
    "Made by the live tests of terraform-provider-openrouter, which delete it again.";

/// The names of one run.
pub(crate) struct Names {
    /// What all of them begin with: `tf-live-`, random digits and a dash.
    pub(crate) prefix: String,
}

impl Names {
    pub(crate) fn random() -> Self {
        Self { prefix: format!("{PREFIX}{:08x}-", fastrand::u32(..)) }
    }

    /// The guardrail of that role.
    pub(crate) fn of(&self, role: &str) -> String {
        assert!(ROLES.contains(&role), "cleaning up does not know {role}");
        format!("{}{role}", self.prefix)
    }
}

/// A guardrail of this suite.
pub(crate) struct Guardrail {
    pub(crate) id: String,
    pub(crate) name: String,
}

impl Guardrail {
    /// Whether a row of the list is a guardrail that some live run has made in that workspace: the
    /// exact form of the name, the beginning of the description, and the workspace must all be
    /// right.
    fn recognise(row: &Value, workspace: &str) -> Option<Self> {
        let (name, description) = (row["name"].as_str()?, row["description"].as_str()?);
        let (digits, role) = name.strip_prefix(PREFIX)?.split_once('-')?;
        let is_ours = digits.len() == DIGITS
            && digits.bytes().all(is_hex)
            && ROLES.contains(&role)
            && description.starts_with(MARK)
            && row["workspace_id"] == workspace;
        let id = row["id"].as_str()?.to_owned();
        is_ours.then(|| Self { id, name: name.to_owned() })
    }
}

/// The guardrails in the target's workspace that this run or an earlier one has made.
pub(crate) fn find(service: &Service) -> Result<Vec<Guardrail>, String> {
    let workspace = &service.target.workspace;
    let rows = service.list("/guardrails", &format!("workspace_id={workspace}&"))?;
    Ok(rows.iter().filter_map(|row| Guardrail::recognise(row, workspace)).collect())
}

/// Deletes guardrails. One that has gone meanwhile is no failure; the others are deleted also when
/// one cannot be.
pub(crate) fn delete(service: &Service, guardrails: &[Guardrail]) -> Result<(), String> {
    let mut failures = Vec::new();
    for Guardrail { id, name } in guardrails {
        match service.call(&Method::DELETE, &format!("/guardrails/{id}"), None) {
            Ok(response) if matches!(response.status, 200 | 404) => {}
            Ok(response) => {
                failures.push(format!("{name} ({id}): {}", service.described(&response)));
            }
            Err(error) => failures.push(format!("{name} ({id}): {error}")),
        }
    }
    if failures.is_empty() {
        return Ok(());
    }
    Err(format!(
        "these guardrails could not be deleted; the next run does it:\n{}",
        failures.join("\n")
    ))
}

/// Fails if the key or the member that the run may use has a guardrail other than these. One of
/// somebody else's must stay in force; and as this holds before each run, a run that was
/// interrupted cannot have taken one away.
pub(crate) fn assignees_are_free(service: &Service, except: &[Guardrail]) -> Result<(), String> {
    let is_foreign = |row: &&Value| !except.iter().any(|ours| row["guardrail_id"] == *ours.id);
    if let Some(hash) = &service.target.key_hash {
        let rows = service.list("/guardrails/assignments/keys", "")?;
        let mut held = rows.iter().filter(|row| row["key_hash"] == **hash).filter(is_foreign);
        if let Some(row) = held.next() {
            return Err(format!("key {hash} has guardrail {}", row["guardrail_id"]));
        }
    }
    let Some(user) = &service.target.user_id else { return Ok(()) };
    let rows = service.list("/guardrails/assignments/members", "")?;
    for row in rows.iter().filter(|row| row["user_id"] == **user).filter(is_foreign) {
        let id = row["guardrail_id"].as_str().unwrap_or_default();
        let found = service.expect(&Method::GET, &format!("/guardrails/{id}"), None)?;
        let place = &found.body["data"]["workspace_id"];
        // A member can have another guardrail in each other workspace.
        if !place.is_string() || *place == *service.target.workspace {
            return Err(format!("member {user} has guardrail {id} in this workspace"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_the_exact_form_is_recognised() {
        let description = format!("{MARK} More.");
        let row = |name: &str| json!({ "id": "i", "name": name, "description": description, "workspace_id": "w" });
        let ours = row(&Names { prefix: "tf-live-01234567-".to_owned() }.of("api"));
        assert!(Guardrail::recognise(&ours, "w").is_some());
        assert!(Guardrail::recognise(&row(&Names::random().of("second")), "w").is_some());
        assert!(Guardrail::recognise(&ours, "v").is_none());
        for name in [
            "tf-live-",
            "tf-live-01234567-",
            "tf-live-01234567-production",
            "tf-live-01234567-api-2",
            "tf-live-0123456-api",
            "tf-live-0123456G-api",
            "tf-live-0123456A-api",
            "x-tf-live-01234567-api",
            "TF-LIVE-01234567-api",
        ] {
            assert!(Guardrail::recognise(&row(name), "w").is_none(), "{name}");
        }
        for (field, value) in [
            ("description", json!(null)),
            ("description", json!("Mine")),
            ("workspace_id", json!(null)),
        ] {
            let mut other = ours.clone();
            other[field] = value;
            assert!(Guardrail::recognise(&other, "w").is_none(), "{field}");
        }
    }
}
