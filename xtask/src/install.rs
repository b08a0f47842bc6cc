//! `cargo xtask install`: puts the provider where Terraform and `OpenTofu` look for local providers, or says how to use a
//! build as it is, and takes away again what it has put there. Owns the command and what it says.

mod local_plugins;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;

use self::local_plugins::{Change, LocalPlugins};
use crate::console;
use crate::host::{self, PROVIDER};
use crate::project::Project;

#[derive(Args)]
pub(crate) struct InstallArgs {
    /// Take away every version that this command has installed.
    #[arg(long, conflicts_with_all = ["dev_overrides", "debug_build", "provider"])]
    uninstall: bool,
    /// Install nothing, but print a `dev_overrides` block, by which Terraform uses the build as it is.
    #[arg(long)]
    dev_overrides: bool,
    /// Build with the development profile, which takes a fraction of the time.
    #[arg(long, conflicts_with = "provider")]
    debug_build: bool,
    /// Take this build of the provider instead of making one.
    #[arg(long, value_name = "PATH")]
    provider: Option<PathBuf>,
}

/// Installs, uninstalls, or prepares a build for `dev_overrides`.
pub(crate) fn run(project: &Project, args: &InstallArgs) -> Result<()> {
    if args.uninstall {
        return uninstall(&LocalPlugins::of_this_user()?);
    }
    let binary = build(project, args)?;
    if args.dev_overrides {
        return override_with(project, &binary);
    }
    install(project, &LocalPlugins::of_this_user()?, &binary)
}

fn build(project: &Project, args: &InstallArgs) -> Result<PathBuf> {
    if let Some(given) = &args.provider {
        return Ok(given.clone());
    }
    console::title("Build the provider");
    if args.debug_build { project.build_dev_provider() } else { project.build_release_provider() }
}

fn install(project: &Project, plugins: &LocalPlugins, binary: &Path) -> Result<()> {
    console::title("Install the provider");
    let mut replaced = false;
    for file in host::mirrored(&plugins.directory(), &project.source, &project.version) {
        let change = plugins.add(binary, &file)?;
        replaced |= change == Change::OtherBuildReplaced;
        println!("installed {}", file.display());
    }
    println!(
        "\nTerraform and OpenTofu find it there without any setting. Write into your configuration:\n"
    );
    print_indented(&requirement(project));
    println!("\nThen run `terraform init`, or `tofu init`.");
    if replaced {
        println!("\n{}", about_checksums(project));
    }
    if plugins.moves_opentofu_settings() {
        println!("\n{OPENTOFU_SETTINGS}");
    }
    println!(
        "\nA `provider_installation` block in your CLI configuration, if you have one, decides alone where providers\n\
        are looked for: see `filesystem_mirror` there. `cargo xtask install --uninstall` takes the provider away again."
    );
    Ok(())
}

fn requirement(project: &Project) -> String {
    format!(
        "terraform {{\n  required_providers {{\n    openrouter = {{\n      source  = \"{}\"\n      version = \"{}\"\n    \
         }}\n  }}\n}}\n",
        project.source, project.version
    )
}

fn about_checksums(project: &Project) -> String {
    format!(
        "It replaces another build of version {}. Where that one was used, .terraform.lock.hcl has its checksum, and\n\
         Terraform refuses this one: there, delete the block of {} from\n.terraform.lock.hcl, and run `terraform init` again.",
        project.version, project.source
    )
}

const OPENTOFU_SETTINGS: &str = "Note: the directory ~/.terraform.d is new. As long as it exists, OpenTofu keeps its \
    credentials there\nand not in opentofu/ below XDG_CONFIG_HOME.";

fn uninstall(plugins: &LocalPlugins) -> Result<()> {
    console::title("Take the provider away");
    let removed = plugins.remove_all()?;
    for path in &removed {
        println!("removed {}", path.display());
    }
    if removed.is_empty() {
        println!("nothing is installed in {}", plugins.directory().display());
    }
    Ok(())
}

/// A directory of its own: in cargo's, the binary has neighbours whose names begin in the same way.
fn override_with(project: &Project, binary: &Path) -> Result<()> {
    let directory = project.target.join("dev-overrides");
    let file = directory.join(format!("{PROVIDER}{}", std::env::consts::EXE_SUFFIX));
    fs::create_dir_all(&directory)
        .with_context(|| format!("cannot make {}", directory.display()))?;
    local_plugins::replace(binary, &file)?;
    console::title("Use the build as it is");
    println!(
        "Write into your CLI configuration, which is ~/.terraformrc (~/.tofurc, %APPDATA%\\terraform.rc), or the file\n\
         that TF_CLI_CONFIG_FILE names:\n"
    );
    print_indented(&format!(
        "provider_installation {{\n  dev_overrides {{\n    \"{}\" = {:?}\n  }}\n  direct {{}}\n}}\n",
        project.source,
        directory.to_string_lossy()
    ));
    println!(
        "\nTerraform then uses this build without `terraform init`, which fails before Terraform 1.15 when no other provider\n\
         is needed, and warns of it in each run. After a change, run this command again."
    );
    Ok(())
}

fn print_indented(text: &str) {
    for line in text.lines() {
        println!("    {line}");
    }
}
