//! Which guardrail of a member counts in a workspace: rows of assignments do not tell.

use super::{Action, Fault, Layered, json, layers, made, read, refused};

#[test]
fn a_guardrail_of_another_workspace_need_not_be_readable() {
    for status in [403, 404] {
        let all = Layered::new();
        let mock = all.workspace.mock();
        let guardrails = mock.guardrails();
        let elsewhere = guardrails.iter().find(|one| one["name"] == "elsewhere").unwrap();
        let fault = Fault::on("GET", "/guardrails/{id}", Action::status(status)).forever();
        mock.add_fault(fault.path_regex(elsewhere["id"].as_str().unwrap())).unwrap();
        assert_eq!(layers(&read(&all.workspace, &all.member())).len(), 2);
        assert_eq!(mock.count("GET", "/guardrails"), 0, "that of this workspace was found");

        mock.unassign_members(&all.of_member, std::slice::from_ref(&all.owner)).unwrap();
        let found = read(&all.workspace, &all.member());
        assert_eq!(layers(&found), [("workspace_default", all.default.as_str())]);

        // Which workspace it is of is not known without the list.
        let fault = Fault::on("GET", "/guardrails", Action::status(403)).forever();
        mock.add_fault(fault).unwrap();
        let told = refused(&all.workspace, &all.member());
        told.says(&[&format!("returned {status}"), "cannot be determined"]);
    }
}

#[test]
fn a_failure_is_no_sign_of_another_workspace() {
    let all = Layered::new();
    let mock = all.workspace.mock();
    mock.unassign_members(&all.of_member, std::slice::from_ref(&all.owner)).unwrap();
    let fault = Fault::on("GET", "/guardrails/{id}", Action::status(400)).forever();
    let guardrails = mock.guardrails();
    let elsewhere = guardrails.iter().find(|one| one["name"] == "elsewhere").unwrap();
    mock.add_fault(fault.path_regex(elsewhere["id"].as_str().unwrap())).unwrap();
    refused(&all.workspace, &all.member()).says(&["returned 400", "cannot be determined"]);
}

#[test]
fn a_guardrail_without_a_workspace_is_an_error() {
    let all = Layered::new();
    let mock = all.workspace.mock();
    mock.unassign_members(&all.of_member, std::slice::from_ref(&all.owner)).unwrap();
    let guardrails = mock.guardrails();
    let elsewhere = guardrails.iter().find(|one| one["name"] == "elsewhere").unwrap();
    let id = elsewhere["id"].as_str().unwrap();
    mock.edit_guardrail(id, json!({ "name": "old", "workspace_id": null })).unwrap();
    refused(&all.workspace, &all.member()).says(&[
        &format!("Could not find the guardrail of member {}", all.owner),
        &format!("Guardrail \"old\" ({id}) is assigned to member"),
        "Whether it applies here cannot be determined",
    ]);

    // A member has one guardrail in each workspace.
    let here = made(mock, json!({ "name": "here", "workspace_id": all.place }));
    mock.assign_members(&here, std::slice::from_ref(&all.owner)).unwrap();
    let found = read(&all.workspace, &all.member());
    assert_eq!(layers(&found)[1..], [("member", here.as_str())]);
}
