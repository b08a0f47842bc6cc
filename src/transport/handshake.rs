//! The one line by which a host learns where to connect, and its counterpart for people who attach a host by hand.

use std::io::{self, Write as _};
use std::process;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use rustls::pki_types::CertificateDer;
use serde_json::json;

use super::listener::Address;
use super::{Environment, Plugin, environment};

/// The version of go-plugin's own protocol, the first field of the handshake line.
const CORE_PROTOCOL: u32 = 1;

/// Tells the host where to connect and which certificate to expect. Nothing else may ever go to standard output: the
/// host reads it line by line, and a pipe it no longer reads would block the plugin.
pub(super) fn announce(
    plugin: &Plugin,
    environment: &Environment,
    address: &Address,
    certificate: Option<&CertificateDer<'_>>,
) -> io::Result<()> {
    let multiplex = environment.get(environment::MULTIPLEX).is_some();
    print(&line(plugin.protocol_version, address, certificate, multiplex))
}

/// Tells a person how to attach a host to this process, in a line to paste into the shell.
pub(super) fn announce_by_hand(
    plugin: &Plugin,
    environment: &Environment,
    address: &Address,
) -> io::Result<()> {
    let shell = Shell::of(environment);
    let assignment =
        shell.assignment(plugin.reattach_variable, &reattach_configuration(plugin, address));
    print(&format!(
        "Serving until Ctrl-C. Run this where you run terraform or tofu, and they use this process:\n\n{assignment}\n\n"
    ))
}

fn print(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

fn line(
    protocol_version: u32,
    address: &Address,
    certificate: Option<&CertificateDer<'_>>,
    multiplex: bool,
) -> String {
    let certificate =
        certificate.map(|certificate| STANDARD_NO_PAD.encode(certificate)).unwrap_or_default();
    let multiplex = if multiplex { "|false" } else { "" };
    let network = address.network();
    format!(
        "{CORE_PROTOCOL}|{protocol_version}|{network}|{address}|grpc|{certificate}{multiplex}\n"
    )
}

/// `Test` keeps the host from ending a process that it did not start.
fn reattach_configuration(plugin: &Plugin, address: &Address) -> String {
    json!({
        plugin.address: {
            "Protocol": "grpc",
            "ProtocolVersion": plugin.protocol_version,
            "Pid": process::id(),
            "Test": true,
            "Addr": { "Network": address.network(), "String": address.to_string() },
        }
    })
    .to_string()
}

/// How variables are set where the line is pasted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shell {
    Posix,
    Fish,
    /// PowerShell, by the name of its program.
    Pwsh,
}

impl Shell {
    /// The user's shell, as far as the environment tells. Windows sets no `SHELL`; where something else does, as Git's shell
    /// there, it counts.
    fn of(environment: &Environment) -> Self {
        let shell = environment.text("SHELL").unwrap_or_default();
        let name = shell.rsplit(['/', '\\']).next().unwrap_or_default();
        match name.strip_suffix(".exe").unwrap_or(name) {
            "fish" => Self::Fish,
            "pwsh" | "powershell" => Self::Pwsh,
            "" if cfg!(windows) => Self::Pwsh,
            _ => Self::Posix,
        }
    }

    /// The command that sets a variable for what is started from the shell.
    fn assignment(self, variable: &str, value: &str) -> String {
        match self {
            Self::Posix => format!("export {variable}='{}'", value.replace('\'', r"'\''")),
            Self::Fish => {
                format!("set -x {variable} '{}'", value.replace('\\', r"\\").replace('\'', r"\'"))
            }
            Self::Pwsh => format!("$env:{variable} = '{}'", value.replace('\'', "''")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::server::tests::PLUGIN;

    fn socket() -> Address {
        Address::Unix("/tmp/it's/plugin1".to_owned())
    }

    #[test]
    fn the_line_has_a_certificate_only_with_tls_and_a_seventh_field_only_for_hosts_that_know_it() {
        let tcp = Address::Tcp("127.0.0.1:10000".parse().unwrap());
        let certificate = CertificateDer::from(vec![0xff; 4]);
        assert_eq!(line(5, &tcp, None, false), "1|5|tcp|127.0.0.1:10000|grpc|\n");
        assert_eq!(line(5, &tcp, None, true), "1|5|tcp|127.0.0.1:10000|grpc||false\n");
        assert_eq!(
            line(5, &socket(), Some(&certificate), false),
            "1|5|unix|/tmp/it's/plugin1|grpc|/////w\n"
        );
    }

    #[test]
    fn what_is_to_be_pasted_survives_a_quote_in_the_path() {
        let configuration = reattach_configuration(&PLUGIN, &socket());
        let parsed: serde_json::Value = serde_json::from_str(&configuration).unwrap();
        assert_eq!(parsed[PLUGIN.address]["Addr"]["String"], "/tmp/it's/plugin1");
        for (shell, expected) in [
            (Shell::Posix, r"/tmp/it'\''s/plugin1"),
            (Shell::Fish, r"/tmp/it\'s/plugin1"),
            (Shell::Pwsh, "/tmp/it''s/plugin1"),
        ] {
            assert!(shell.assignment("REATTACH", &configuration).contains(expected), "{shell:?}");
        }
    }

    #[test]
    fn the_line_is_in_the_words_of_the_users_shell() {
        for (shell, expected) in [
            ("/bin/bash", "export REATTACH='{}'"),
            ("/usr/bin/zsh", "export REATTACH='{}'"),
            ("/usr/bin/fish", "set -x REATTACH '{}'"),
            ("/opt/microsoft/pwsh", "$env:REATTACH = '{}'"),
            (r"C:\Program Files\PowerShell\7\pwsh.exe", "$env:REATTACH = '{}'"),
        ] {
            let shell = Shell::of(&Environment::of(&[("SHELL", shell)]));
            assert_eq!(shell.assignment("REATTACH", "{}"), expected);
        }
        let platform = if cfg!(windows) { Shell::Pwsh } else { Shell::Posix };
        assert_eq!(Shell::of(&Environment::of(&[])), platform);
    }
}
