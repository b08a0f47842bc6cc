//! `cargo xtask dist`: the files of a release, as the registries of Terraform and `OpenTofu` take them. Builds and packages the
//! provider for one target; assembles the packages of several machines; checks what is to be published.
//!
//! A package as it is, or unpacked, also serves in a filesystem mirror, below the registry's host and the source address:
//! `HOST/NAMESPACE/TYPE/` holds the zip files, or `HOST/NAMESPACE/TYPE/VERSION/OS_ARCH/` what is in one.

mod archive;
mod build;
mod executable;
mod release;
mod signature;
mod sums;
mod verify;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;

use self::archive::Entry;
use self::build::Build;
use self::release::{Kind, MANIFEST, Platform, Release};
use self::verify::{Expected, LICENCE};
use crate::console;
use crate::project::Project;

#[derive(Args)]
pub(crate) struct DistArgs {
    #[arg(
        long,
        value_name = "TRIPLE",
        help = "The target to build for [default: this machine; on Linux a static binary, by musl where its target is \
                installed, else by glibc]"
    )]
    target: Option<String>,
    /// The cargo profile to build with.
    #[arg(long, default_value = "release")]
    profile: String,
    /// Where to put the files [default: dist in cargo's target directory].
    #[arg(long, value_name = "DIR", conflicts_with_all = ["assemble", "verify"])]
    out: Option<PathBuf>,
    /// Build nothing: write manifest and checksums for the packages in this directory.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["target", "profile", "verify"])]
    assemble: Option<PathBuf>,
    /// Build nothing: check this directory as a registry would, against the version and the licence of this checkout.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["target", "profile"])]
    verify: Option<PathBuf>,
    /// Require a signature of the checksums, by the public key of gpg in this file.
    #[arg(long, value_name = "FILE", requires = "verify")]
    public_key: Option<PathBuf>,
}

/// Builds and packages, or assembles, or only checks. All of it ends with a check.
pub(crate) fn run(project: &Project, args: DistArgs) -> Result<()> {
    let licence = licence(project)?;
    let expected =
        Expected { release: Release { version: &project.version }, licence: licence.as_bytes() };
    if let Some(directory) = args.verify {
        return check(&directory, expected, args.public_key.as_deref());
    }
    let directory = match (args.assemble, args.out) {
        (Some(directory), _) => directory,
        (None, out) => {
            let out = out.unwrap_or_else(|| project.target.join("dist"));
            let build = Build::choose(project, args.target, args.profile)?;
            package(project, &build, expected, &out)?;
            out
        }
    };
    assemble(&directory, expected.release)?;
    check(&directory, expected, None)
}

/// The text of the licence, with the line ends that it has everywhere but in a checkout on Windows.
fn licence(project: &Project) -> Result<String> {
    let path = project.root.join(LICENCE);
    let text = fs::read_to_string(&path);
    Ok(text.with_context(|| format!("cannot read {}", path.display()))?.replace("\r\n", "\n"))
}

/// Builds the provider, and writes its package into the directory.
fn package(project: &Project, build: &Build, expected: Expected, directory: &Path) -> Result<()> {
    let platform = Platform::of_target(&build.target)
        .with_context(|| format!("no release has a package for {}", build.target))?;
    let binary = build.run(project)?;
    fs::create_dir_all(directory)
        .with_context(|| format!("cannot make {}", directory.display()))?;
    let content = fs::read(&binary).with_context(|| format!("cannot read {}", binary.display()))?;
    build.check_origin(project, &content)?;
    let entries = [
        Entry { name: LICENCE.to_owned(), mode: 0o644, content: expected.licence.to_vec() },
        Entry { name: expected.release.binary(platform), mode: 0o755, content },
    ];
    archive::write(&directory.join(expected.release.package(platform)), &entries)
}

/// Writes manifest and checksums for the packages in the directory. A signature of other checksums is deleted.
fn assemble(directory: &Path, release: Release) -> Result<()> {
    let write = |name: &str, text: &str| {
        let path = directory.join(name);
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
    };
    write(&release.manifest(), MANIFEST)?;
    let mut found = BTreeMap::new();
    let entries = fs::read_dir(directory)
        .with_context(|| format!("cannot read the directory {}", directory.display()))?;
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if matches!(release.kind(&name), Some(Kind::Package(_) | Kind::Manifest)) {
            found.insert(name, sums::of_file(&path)?);
        }
    }
    let text = sums::text(&found);
    let before = fs::read_to_string(directory.join(release.sums()));
    if before.ok().as_ref() != Some(&text) {
        // There is none where nothing has been signed yet.
        let _ = fs::remove_file(directory.join(release.signature()));
    }
    write(&release.sums(), &text)
}

/// Fails, and says why, when a registry would not take the directory.
fn check(directory: &Path, expected: Expected, public_key: Option<&Path>) -> Result<()> {
    let release = expected.release;
    let problems = verify::problems(directory, expected)?;
    if !problems.is_empty() {
        bail!("{} cannot be published:\n  {}", directory.display(), problems.join("\n  "));
    }
    if let Some(key) = public_key {
        let signature = directory.join(release.signature());
        signature::check(key, &signature, &directory.join(release.sums()))?;
    }
    let sums = fs::read_to_string(directory.join(release.sums()))?;
    console::title(format_args!("Version {} in {}", release.version, directory.display()));
    print!("{sums}");
    if public_key.is_some() {
        println!("the signature is that of the key");
    }
    Ok(())
}
