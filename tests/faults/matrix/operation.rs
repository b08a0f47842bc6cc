//! What the provider is asked to do: a column of the matrix. Each operation has a configuration for every step, such that going
//! from one step to the next takes exactly this operation.

use mock_openrouter::{LoggedRequest, Mock};
use serde_json::{Value, json};

use super::fault::FAULTS;

/// A column of the matrix.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    Create,
    Read,
    Update,
    Delete,
    List,
    AssignKey,
    AssignMember,
    UnassignKey,
    UnassignMember,
    /// A key joins an exclusive set.
    JoinSet,
    /// A key leaves an exclusive set.
    LeaveSet,
}

use Operation::{
    AssignKey, AssignMember, Create, Delete, JoinSet, LeaveSet, List, Read, UnassignKey,
    UnassignMember, Update,
};

pub(super) const OPERATIONS: [Operation; 11] = [
    Create,
    Read,
    Update,
    Delete,
    List,
    AssignKey,
    AssignMember,
    UnassignKey,
    UnassignMember,
    JoinSet,
    LeaveSet,
];

/// A call that the fault hits.
pub(super) struct Call {
    pub(super) method: &'static str,
    /// The path as the mock logs it.
    pub(super) template: &'static str,
    /// What an error says could not be done.
    pub(super) action: String,
}

/// A resource of the configuration.
pub(super) struct Declared {
    pub(super) label: String,
    pub(super) what: What,
}

pub(super) enum What {
    /// With that description; its name is its label.
    Guardrail(String),
    /// Assigned to the guardrail `this`, by its hash.
    Key(String),
    /// Assigned to the guardrail `this`, by its user id.
    Member(String),
    /// All keys that are assigned to the guardrail `this`, by their hashes.
    Keys(Vec<String>),
}

/// The data sources, with outputs that can be compared.
const LISTS: &str = r#"
data "openrouter_guardrails" "all" {}
data "openrouter_guardrail_key_assignments" "all" {}
data "openrouter_guardrail_member_assignments" "all" {}

output "guardrails" {
  value = { for row in data.openrouter_guardrails.all.data : row.id => row.description }
}
output "keys" {
  value = { for row in data.openrouter_guardrail_key_assignments.all.data : row.key_hash => row.guardrail_id }
}
output "members" {
  value = { for row in data.openrouter_guardrail_member_assignments.all.data : row.user_id => row.guardrail_id }
}
"#;

/// The guardrail of the operations that need only one.
const THIS: &str = "this";

impl Operation {
    pub(super) fn name(self) -> &'static str {
        match self {
            Create => "create",
            Read => "read",
            Update => "update",
            Delete => "delete",
            List => "list",
            AssignKey => "assign key",
            AssignMember => "assign member",
            UnassignKey => "unassign key",
            UnassignMember => "unassign member",
            JoinSet => "join set",
            LeaveSet => "leave set",
        }
    }

    /// Whether a plan does it too.
    pub(super) fn only_reads(self) -> bool {
        matches!(self, Read | List)
    }

    /// The resources of the configuration at a step. What a step adds or removes is named after it.
    pub(super) fn declared(self, step: usize, mock: &Mock) -> Vec<Declared> {
        let (past, future) = (0..step, step..FAULTS.len());
        let guardrail = |index: usize| Declared::guardrail(&format!("c{index}"), "kept");
        let this = || std::iter::once(Declared::guardrail(THIS, &format!("step {step}")));
        let keys = mock.key_hashes(&mock.default_workspace_id());
        let key =
            |index: usize| Declared::new(&format!("k{index}"), What::Key(keys[index].clone()));
        let members = mock.member_ids();
        let member = |index: usize| {
            Declared::new(&format!("m{index}"), What::Member(members[index].clone()))
        };
        // An update would touch the guardrail that the others need.
        let under = |subjects: Vec<Declared>| {
            let this = Declared::guardrail(THIS, "kept");
            std::iter::once(this).chain(subjects).collect()
        };
        match self {
            Create => past.map(guardrail).collect(),
            Delete => future.map(guardrail).collect(),
            Update => this().collect(),
            Read => this().chain([key(0), member(0)]).collect(),
            List => Vec::new(),
            AssignKey => under(past.map(key).collect()),
            UnassignKey => under(future.map(key).collect()),
            AssignMember => under(past.map(member).collect()),
            UnassignMember => under(future.map(member).collect()),
            JoinSet => under(vec![Declared::set(past.map(|index| keys[index].clone()))]),
            LeaveSet => under(vec![Declared::set(future.map(|index| keys[index].clone()))]),
        }
    }

    /// The configuration at a step, without the provider block.
    pub(super) fn hcl(self, step: usize, mock: &Mock) -> String {
        match self {
            List => LISTS.to_owned(),
            _ => self.declared(step, mock).iter().map(Declared::hcl).collect(),
        }
    }

    /// Prepares the mock for the first run.
    pub(super) fn populate(self, mock: &Mock) {
        if self == List {
            mock.create_guardrail(json!({ "name": THIS })).expect("the mock accepts it");
        }
    }

    /// Changes the mock so that a read at this step finds something new: the description that is configured, or more rows.
    pub(super) fn change_outside(self, step: usize, mock: &Mock) {
        if !self.only_reads() {
            return;
        }
        let guardrails = mock.guardrails();
        let Some(id) = guardrails.first().and_then(|guardrail| guardrail["id"].as_str()) else {
            return;
        };
        let description = json!({ "description": format!("step {step}") });
        mock.patch_guardrail(id, description).expect("the guardrail exists");
        if self == List {
            let key = mock.key_hashes(&mock.default_workspace_id())[step].clone();
            mock.assign_keys(id, &[key]).expect("the guardrail exists");
            mock.assign_members(id, &[mock.member_ids()[step].clone()])
                .expect("the guardrail exists");
        }
    }

    /// The label of the guardrail whose id is in the path of the calls that a step makes.
    pub(super) fn target(self, step: usize) -> Option<String> {
        match self {
            Create | List => None,
            Delete => Some(format!("c{}", step - 1)),
            _ => Some(THIS.to_owned()),
        }
    }

    /// The calls of a step. `target` is the id of the guardrail.
    pub(super) fn calls(self, step: usize, target: &str, mock: &Mock) -> Vec<Call> {
        let index = step - 1;
        let key = || mock.key_hashes(&mock.default_workspace_id())[index].clone();
        let member = || mock.member_ids()[index].clone();
        let assigning = |what: String| format!("assign {what} to guardrail {target}");
        let removing =
            |what: String| format!("remove the assignment of {what} to guardrail {target}");
        let set = |action: &str| format!("{action} guardrail {target} to key {}", key());
        let call = |method, template, action: String| Call { method, template, action };
        let post = |template, action| vec![call("POST", template, action)];
        let get = |template, action: &str| call("GET", template, action.to_owned());
        match self {
            Create => post("/guardrails", format!("create guardrail \"c{index}\"")),
            Update => {
                vec![call("PATCH", "/guardrails/{id}", format!("update guardrail \"{THIS}\""))]
            }
            Delete => {
                vec![call("DELETE", "/guardrails/{id}", format!("delete guardrail \"c{index}\""))]
            }
            Read => vec![
                get("/guardrails/{id}", "read guardrail \"this\""),
                get("/guardrails/{id}/assignments/keys", "read the assignment of key"),
                get("/guardrails/{id}/assignments/members", "read the assignment of member"),
            ],
            List => vec![
                get("/guardrails", "list the guardrails"),
                get("/guardrails/assignments/keys", "list the assignments"),
                get("/guardrails/assignments/members", "list the assignments"),
            ],
            AssignKey => {
                post("/guardrails/{id}/assignments/keys", assigning(format!("key {}", key())))
            }
            UnassignKey => {
                post("/guardrails/{id}/assignments/keys/remove", removing(format!("key {}", key())))
            }
            AssignMember => post(
                "/guardrails/{id}/assignments/members",
                assigning(format!("member {}", member())),
            ),
            UnassignMember => post(
                "/guardrails/{id}/assignments/members/remove",
                removing(format!("member {}", member())),
            ),
            JoinSet => post("/guardrails/{id}/assignments/keys", set("assign")),
            LeaveSet => {
                post("/guardrails/{id}/assignments/keys/remove", set("remove the assignment of"))
            }
        }
    }

    /// The calls of a step that are tried when all connections are refused. Before a member is assigned, the guardrail is read
    /// for its workspace, so it is that read which fails.
    pub(super) fn calls_when_refused(self, step: usize, target: &str, mock: &Mock) -> Vec<Call> {
        if self != AssignMember {
            return self.calls(step, target, mock);
        }
        let action = format!("read the workspace of guardrail {target}");
        vec![Call { method: "GET", template: "/guardrails/{id}", action }]
    }
}

impl Call {
    pub(super) fn is_made_by(&self, request: &LoggedRequest) -> bool {
        self.method == request.method && self.template == request.template
    }

    /// The call as errors name it.
    pub(super) fn line(&self, target: &str) -> String {
        format!("{} {}", self.method, self.template.replace("{id}", target))
    }
}

impl Declared {
    fn new(label: &str, what: What) -> Self {
        Self { label: label.to_owned(), what }
    }

    fn guardrail(label: &str, description: &str) -> Self {
        Self::new(label, What::Guardrail(description.to_owned()))
    }

    fn set(keys: impl Iterator<Item = String>) -> Self {
        Self::new("set", What::Keys(keys.collect()))
    }

    pub(super) fn address(&self) -> String {
        format!("{}.{}", self.kind(), self.label)
    }

    fn kind(&self) -> &'static str {
        match self.what {
            What::Guardrail(_) => "openrouter_guardrail",
            What::Key(_) => "openrouter_guardrail_key_assignment",
            What::Member(_) => "openrouter_guardrail_member_assignment",
            What::Keys(_) => "openrouter_guardrail_key_assignments_exclusive",
        }
    }

    fn hcl(&self) -> String {
        let (kind, label) = (self.kind(), &self.label);
        let under = |subject: &str, id: Value| {
            format!("  guardrail_id = openrouter_guardrail.{THIS}.id\n  {subject} = {id}")
        };
        let body = match &self.what {
            What::Guardrail(description) => {
                format!("  name = \"{label}\"\n  description = \"{description}\"")
            }
            What::Key(hash) => under("key_hash", json!(hash)),
            What::Member(user_id) => under("user_id", json!(user_id)),
            What::Keys(hashes) => under("key_hashes", json!(hashes)),
        };
        format!("resource \"{kind}\" \"{label}\" {{\n{body}\n}}\n")
    }
}
