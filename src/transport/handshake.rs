//! The one line by which a host learns where to connect, and its counterpart for people who attach
//! a host to a `--debug` process.

use std::io::{self, Write as _};
use std::{path::Path, process};

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use rustls::pki_types::CertificateDer;
use serde_json::json;

use super::{Environment, Mode, Plugin, listener::Address};

/// Tells the host, or with `--debug` a person, where to connect. Nothing else may ever go to
/// standard output: the host may no longer read it, and a full pipe would block the plugin.
pub(super) fn announce(
    plugin: &Plugin,
    mode: Mode,
    environment: &Environment,
    address: &Address,
    certificate: Option<&CertificateDer<'_>>,
) -> io::Result<()> {
    let text = match mode {
        Mode::Hosted => handshake_line(plugin, address, certificate),
        Mode::Debug => {
            // Windows does not set it; Git's shell there does.
            let shell = environment.get("SHELL").map(|shell| Path::new(shell).file_stem());
            let powershell = shell.map_or(cfg!(windows), |name| name == Some("pwsh".as_ref()));
            debug_text(powershell, plugin.reattach_variable, &reattach_value(plugin, address))
        }
    };
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

/// Its first field is the version of go-plugin's own protocol.
fn handshake_line(
    plugin: &Plugin,
    Address { network, text, .. }: &Address,
    certificate: Option<&CertificateDer<'_>>,
) -> String {
    let version = plugin.protocol_version;
    let certificate = certificate.map_or_else(String::new, |der| STANDARD_NO_PAD.encode(der));
    format!("1|{version}|{network}|{text}|grpc|{certificate}\n")
}

/// `Test` keeps the host from ending a process that it did not start.
fn reattach_value(plugin: &Plugin, address: &Address) -> String {
    json!({
        plugin.address: {
            "Protocol": "grpc",
            "ProtocolVersion": plugin.protocol_version,
            "Pid": process::id(),
            "Test": true,
            "Addr": { "Network": address.network, "String": address.text },
        }
    })
    .to_string()
}

/// The command that makes a host attach, to paste into a shell: bash, zsh, fish and the like, or
/// PowerShell.
fn debug_text(powershell: bool, variable: &str, value: &str) -> String {
    let assignment = if powershell {
        format!("$env:{variable} = '{}'", value.replace('\'', "''"))
    } else {
        format!("export {variable}='{}'", value.replace('\'', r"'\''"))
    };
    format!(
        "Serving until Ctrl-C. To use this process, run the following in the shell in which you \
         run terraform or tofu:\n\n{assignment}\n\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::server::tests::PLUGIN;

    #[test]
    fn the_line_has_a_certificate_only_with_tls() {
        let address = Address::new("tcp", "127.0.0.1:10000");
        let certificate = CertificateDer::from(vec![0xff; 4]);
        let line = |certificate| handshake_line(&PLUGIN, &address, certificate);
        assert_eq!(line(None), "1|5|tcp|127.0.0.1:10000|grpc|\n");
        assert_eq!(line(Some(&certificate)), "1|5|tcp|127.0.0.1:10000|grpc|/////w\n");
    }

    #[test]
    fn what_is_to_be_pasted_survives_quotes_in_the_path() {
        let path = r#"/tmp/"it's"/plugin1"#;
        let value = reattach_value(&PLUGIN, &Address::new("unix", path));
        let parsed: serde_json::Value = serde_json::from_str(&value).unwrap();
        assert_eq!(parsed[PLUGIN.address]["Addr"]["String"], path);
        for (powershell, expected) in
            [(false, r"export VARIABLE='it'\''s'"), (true, "$env:VARIABLE = 'it''s'")]
        {
            let text = debug_text(powershell, "VARIABLE", "it's");
            assert!(text.ends_with(&format!("\n\n{expected}\n\n")), "{text}");
        }
    }
}
