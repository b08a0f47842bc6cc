//! What exists comes under management: found by a query, imported, or moved from another provider.

/// In a module of its own, for tests that only a Terraform with queries can pass.
mod query {
    use serde_json::json;

    use super::super::{Guide, run};
    use crate::harness::{Terraform, Workspace};
    use crate::story::writes;

    const PROVIDER: &str = "provider \"openrouter\" {}\n";
    const ID: &str = "550e8400-e29b-41d4-a716-446655440000";
    const HASH: &str = "f01d52606dc8f0a8303a7b5cc3fa07109c2e346cec7c0a16b40de462992ce943";

    #[test]
    fn what_exists_is_found_and_imported_without_a_change() {
        Terraform::get().needs(1, 14);
        let guide = Guide::read("adopting.md");
        let workspace = Workspace::new();
        let mock = workspace.mock();
        let made = mock.create_guardrail(json!({ "name": "production" })).unwrap();
        let id = made["id"].as_str().unwrap();
        let place = mock.default_workspace_id();
        let hash = mock.key_hashes(&place).remove(0);
        mock.assign_keys(id, std::slice::from_ref(&hash)).unwrap();
        mock.reset();
        let here = |text: &str| text.replace(ID, id).replace(HASH, &hash);

        let narrowed =
            guide.terraform("config {").replace("0df9e665-d932-5740-b2c7-b52af166bc11", &place);
        workspace.config(PROVIDER).write("all.tfquery.hcl", &narrowed);
        workspace.run(&["query"]).succeeds().says(&hash);
        let all = guide.terraform("list \"openrouter_guardrail\" \"all\"");
        workspace.write("all.tfquery.hcl", all);
        run(&workspace, guide.shell("terraform query"))
            .succeeds()
            .says("0 added, 0 changed, 0 destroyed");
        workspace.plans_nothing();

        let found = std::fs::read_to_string(workspace.directory().join("found.tf")).unwrap();
        let generated = here(guide.terraform("\"all_0\""));
        assert!(words(&found).contains(&words(&generated)), "{found}");
        for file in ["found.tf", "all.tfquery.hcl", "terraform.tfstate"] {
            std::fs::remove_file(workspace.directory().join(file)).unwrap();
        }
        let guardrail =
            "resource \"openrouter_guardrail\" \"production\" {\n  name = \"production\"\n}\n";
        let import =
            format!("import {{\n  to = openrouter_guardrail.production\n  id = \"{id}\"\n}}\n");
        let assignment = here(guide.terraform("openrouter_guardrail.production.id"));
        let identity = here(guide.terraform("identity = {"));
        workspace.config(&[PROVIDER, guardrail, &import, &assignment, &identity].concat());
        workspace.apply().says("2 imported, 0 added, 0 changed, 0 destroyed");
        assert!(writes(mock).is_empty());

        workspace.run(&["state", "rm", "openrouter_guardrail_key_assignment.ci"]).succeeds();
        workspace.run(&["state", "rm", "openrouter_guardrail.production"]).succeeds();
        a_resource_is_moved(&guide, &workspace, id);
    }

    /// The test `moves` has the states of other providers.
    fn a_resource_is_moved(guide: &Guide, workspace: &Workspace, id: &str) {
        let mock = workspace.mock();
        let settings = json!({
            "limit_usd": 50,
            "reset_interval": "monthly",
            "allowed_providers": ["openai", "anthropic"],
            "enforce_zdr": true,
            "content_filter_builtins": [{ "slug": "email", "action": "redact" }],
        });
        mock.patch_guardrail(id, settings).unwrap();
        mock.reset();
        let moved = guide.terraform("moved {");
        let (_, resource) = moved.split_once("\n\n").unwrap();
        let old = resource.replace("\"new\"", "\"old\"");
        let import = format!("import {{\n  to = openrouter_guardrail.old\n  id = \"{id}\"\n}}\n");
        workspace.config(&[PROVIDER, &old, &import].concat());
        workspace.apply().says("1 imported, 0 added, 0 changed, 0 destroyed");
        workspace.config(&(PROVIDER.to_owned() + moved));
        workspace.plans_something().says("0 to add, 0 to change, 0 to destroy");
        workspace.apply().says("0 added, 0 changed, 0 destroyed");
        assert_eq!(workspace.addresses(), ["openrouter_guardrail.new"]);
        assert!(writes(mock).is_empty());
    }

    /// A text with single spaces, and without what Terraform adds for arguments that are not set.
    fn words(text: &str) -> String {
        let lines = text.lines().filter(|line| !line.ends_with("= null"));
        lines.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
    }
}
