//! A workflow as GitHub reads it, as far as its tests need.

use std::fs;

use yaml_rust2::{Yaml, YamlLoader};

/// A file below .github/workflows.
pub(crate) struct Workflow {
    pub(crate) name: String,
    document: Yaml,
}

pub(crate) struct Job<'a> {
    /// Such as `ci.yml, job tests`, for messages.
    pub(crate) place: String,
    pub(crate) name: &'a str,
    pub(crate) yaml: &'a Yaml,
    /// Its own permissions, else those of the workflow.
    pub(crate) permissions: &'a Yaml,
}

/// All of them.
pub(crate) fn all() -> Vec<Workflow> {
    let entries = fs::read_dir(crate::root().join(".github/workflows")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.map(|name| named(&name)).collect()
}

pub(crate) fn named(name: &str) -> Workflow {
    let document = parse(&format!(".github/workflows/{name}"));
    Workflow { name: name.to_owned(), document }
}

/// A file with one YAML document.
pub(crate) fn parse(path: &str) -> Yaml {
    let parsed = YamlLoader::load_from_str(&crate::text(path));
    let mut documents = parsed.unwrap_or_else(|error| panic!("{path}: {error}"));
    assert_eq!(documents.len(), 1, "{path}");
    documents.remove(0)
}

impl Workflow {
    pub(crate) fn yaml(&self) -> &Yaml {
        &self.document
    }

    pub(crate) fn jobs(&self) -> Vec<Job<'_>> {
        let jobs = self.document["jobs"].as_hash().expect("a workflow has jobs");
        jobs.iter()
            .map(|(name, yaml)| {
                let name = name.as_str().unwrap();
                let own = &yaml["permissions"];
                let permissions =
                    if own.is_badvalue() { &self.document["permissions"] } else { own };
                Job { place: format!("{}, job {name}", self.name), name, yaml, permissions }
            })
            .collect()
    }

    #[track_caller]
    pub(crate) fn job(&self, name: &str) -> Job<'_> {
        let found = self.jobs().into_iter().find(|job| job.name == name);
        found.unwrap_or_else(|| panic!("{} has no job {name}", self.name))
    }
}

impl Job<'_> {
    pub(crate) fn steps(&self) -> &[Yaml] {
        self.yaml["steps"].as_vec().expect("a job has steps")
    }

    /// The scripts of its steps.
    pub(crate) fn scripts(&self) -> impl Iterator<Item = &str> {
        self.steps().iter().filter_map(|step| step["run"].as_str())
    }

    /// The jobs that it waits for.
    pub(crate) fn needs(&self) -> Vec<&str> {
        match &self.yaml["needs"] {
            Yaml::String(one) => vec![one],
            Yaml::Array(several) => several.iter().map(|name| name.as_str().unwrap()).collect(),
            _ => Vec::new(),
        }
    }
}
