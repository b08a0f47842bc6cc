//! The settings in the guide are the defaults.

use super::Guide;
use crate::harness::Workspace;
use crate::story::guardrail;

#[test]
fn the_settings_of_the_guide_are_the_defaults() {
    let guide = Guide::read("reliability.md");
    let settings = guide.terraform("retry = {");
    let reference = std::fs::read_to_string(super::folder().join("../index.md")).unwrap();
    let lines = settings.lines().map(|line| line.split('#').next().unwrap());
    let pairs: Vec<_> = lines.filter_map(|line| line.trim().split_once('=')).collect();
    let pairs = pairs.into_iter().filter(|(_, value)| !value.contains('{'));
    let mut count = 0;
    for (name, value) in pairs {
        let entry = format!("- `{}` (", name.trim());
        let entry = reference.lines().find(|line| line.starts_with(&entry)).unwrap();
        let entry = entry.replace('`', "");
        assert!(entry.contains(&format!("Defaults to {}.", value.trim())), "{entry}");
        count += 1;
    }
    assert_eq!(count, 7);
    let workspace = Workspace::new();
    workspace.config(&(settings.to_owned() + &guardrail("this", "name = \"ci\"")));
    workspace.apply();
}
