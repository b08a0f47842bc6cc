//! A package in a filesystem mirror, in both forms that Terraform reads.

use std::fs;
use std::path::{Path, PathBuf};

use crate::harness::{Workspace, host, provider};
use crate::packages::{self, VERSION};
use crate::{SOURCE, create_and_destroy, source};

/// Writes a CLI configuration that installs from this mirror alone.
pub(crate) fn cli_config(root: &Path, mirror: &Path) -> PathBuf {
    provider::write(root, &host::mirror_method(mirror))
}

/// The directories of a mirror for this machine, one per host: `HOST/NAMESPACE/TYPE/VERSION/OS_ARCH`.
fn unpacked(mirror: &Path) -> Vec<PathBuf> {
    let mut folders = host::mirrored(mirror, &source(), VERSION);
    for folder in &mut folders {
        folder.pop();
    }
    folders
}

#[test]
fn a_package_is_installed_from_a_mirror_as_it_is() {
    let workspace = Workspace::offered(|root| {
        let (mirror, package) = (root.join("mirror"), packages::package());
        for folder in unpacked(&mirror) {
            // Packages are beside the versions: HOST/NAMESPACE/TYPE/PACKAGE.
            let folder = folder.ancestors().nth(2).expect("it is below version and platform");
            fs::create_dir_all(folder).expect("the workspace is writable");
            let name = package.file_name().expect("a package has a name");
            fs::copy(&package, folder.join(name)).expect("the workspace is writable");
        }
        cli_config(root, &mirror)
    });
    workspace.config("");
    workspace.init().says(&format!("Installed {SOURCE} v{VERSION}"));
    create_and_destroy(&workspace);
}

#[test]
fn an_unpacked_package_is_installed_from_a_mirror() {
    let workspace = Workspace::offered(|root| {
        let mirror = root.join("mirror");
        for folder in unpacked(&mirror) {
            packages::unpack_into(&folder);
        }
        for binary in host::mirrored(&mirror, &source(), VERSION) {
            assert!(binary.is_file(), "the package has no {}", binary.display());
        }
        cli_config(root, &mirror)
    });
    workspace.config("");
    workspace.init().says(&format!("Installed {SOURCE} v{VERSION}"));
    create_and_destroy(&workspace);
}
