//! The released binary on a machine that has nothing else: no C library, no certificates, no programs. A root directory stands
//! for the machine; Terraform and the mock are outside of it, and share its network and one directory for the socket.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::harness::{Workspace, host, provider};
use crate::packages::{self, VERSION};
use crate::{GUARDRAIL, create_and_destroy, gateway::Gateway};

/// A name that is nowhere but in the root's own /etc/hosts.
const NAME: &str = "gateway.example";

/// A directory to be the root of processes.
pub(crate) struct EmptyRoot(PathBuf);

impl EmptyRoot {
    /// A root with the provider's binary and the two files by which names are resolved. The second one asks for a plugin
    /// that is not there: whoever obeys it resolves no name.
    pub(crate) fn new(path: PathBuf) -> Self {
        packages::unpack_into(&path);
        let root = Self(path);
        root.write("etc/hosts", &format!("127.0.0.1 localhost {NAME}\n"));
        root.write("etc/nsswitch.conf", "hosts: plugin_that_is_not_there\n");
        root
    }

    /// Writes a file, at a path from this root.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.0.join(path);
        let folder = path.parent().expect("the path is below the root");
        fs::create_dir_all(folder).expect("the root is writable");
        fs::write(path, text).expect("the root is writable");
    }

    /// The command line that runs a program in this root, without the program: as root by itself, else as a user who is root
    /// in a namespace.
    pub(crate) fn entrance(&self) -> Vec<String> {
        let root = self.0.to_string_lossy().into_owned();
        let chroot = ["/usr/sbin/chroot", "/usr/bin/chroot", "/sbin/chroot", "/bin/chroot"];
        let chroot = chroot.into_iter().find(|path| Path::new(path).is_file());
        let chroot = chroot.expect("this test needs the command chroot");
        let direct = vec![chroot.to_owned(), root.clone()];
        let words = ["unshare", "--map-root-user", chroot, &root];
        let in_namespace = words.map(str::to_owned).to_vec();
        let entrances = [direct, in_namespace];
        let opens = |entrance: &&Vec<String>| {
            let mut command = Command::new(&entrance[0]);
            command.args(&entrance[1..]).arg(program()).arg("--version");
            command.output().is_ok_and(|output| output.status.success())
        };
        let found = entrances.iter().find(opens).cloned();
        found.unwrap_or_else(|| {
            panic!(
                "the provider does not run in an empty root, by any of {entrances:?}. Either it needs more than itself, or \
                 this user may not change the root: this test needs to be root, or user namespaces"
            )
        })
    }
}

/// The provider's binary in the root.
fn program() -> String {
    format!("/{}_v{VERSION}", host::PROVIDER)
}

/// Makes Terraform run the provider in an empty root below the workspace's, and gives the CLI configuration.
fn offer(root: &Path) -> PathBuf {
    let empty = EmptyRoot::new(root.join("empty"));
    // The socket is in the directory for temporary files, whose path must be the same inside and outside.
    let (outside, inside) =
        (root.join("tmp"), empty.0.join(&root.to_string_lossy()[1..]).join("tmp"));
    fs::create_dir_all(&inside).expect("the root is writable");
    fs::remove_dir(&outside).expect("nothing is in it yet");
    symlink(&inside, &outside).expect("the workspace is writable");
    let words: Vec<String> = empty.entrance().iter().map(|word| format!("'{word}'")).collect();
    let script = format!("#!/bin/sh\nexec {} {} \"$@\"\n", words.join(" "), program());
    let file = provider::overriding(root);
    fs::create_dir_all(file.parent().expect("the file is in a directory")).expect("it is writable");
    fs::write(&file, script).expect("the workspace is writable");
    fs::set_permissions(&file, Permissions::from_mode(0o755)).expect("the file is ours");
    provider::override_in(root)
}

/// A workspace whose provider is in an empty root, and HTTPS before its mock.
fn workspace() -> (Workspace, Gateway) {
    let mut workspace = Workspace::offered(offer);
    let gateway = Gateway::start(NAME, workspace.mock().address());
    let url = format!("https://{NAME}:{}/api/v1", gateway.port);
    workspace.env("OPENROUTER_BASE_URL", &url);
    (workspace, gateway)
}

/// Puts the gateway's certificate into the root, and says so to the provider.
fn trust(workspace: &mut Workspace, gateway: &Gateway) {
    let root = EmptyRoot(workspace.root().join("empty"));
    root.write("trusted.pem", &gateway.certificate);
    workspace.env("SSL_CERT_FILE", "/trusted.pem");
}

#[test]
fn it_needs_nothing_but_a_certificate() {
    let (mut workspace, gateway) = workspace();
    trust(&mut workspace, &gateway);
    create_and_destroy(&workspace);
    assert_eq!(workspace.leftovers(), Vec::<String>::new());
}

#[test]
fn plain_http_to_localhost_needs_no_certificate() {
    let (mut workspace, _) = workspace();
    let url = format!("http://localhost:{}/api/v1", workspace.mock().address().port());
    workspace.env("OPENROUTER_BASE_URL", &url);
    create_and_destroy(&workspace);
}

#[test]
fn without_certificates_it_says_what_to_set() {
    let (workspace, _gateway) = workspace();
    workspace.config(GUARDRAIL);
    workspace.try_apply().fails().says("Set the environment variable SSL_CERT_FILE");
}

#[test]
fn a_name_that_nobody_knows_is_told() {
    let (mut workspace, gateway) = workspace();
    trust(&mut workspace, &gateway);
    workspace.env("OPENROUTER_BASE_URL", "https://nowhere.invalid/api/v1");
    workspace.config(&format!(
        "provider \"openrouter\" {{\n  retry = {{ retry_connection_errors = false }}\n}}\n{GUARDRAIL}"
    ));
    let run = workspace.try_apply().fails();
    run.says("cannot connect to nowhere.invalid: failed to lookup address information");
}
