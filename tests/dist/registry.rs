//! A provider registry on loopback, which serves the files of a directory by the registries' protocol.

use std::fs;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::harness::host::PROVIDER;
use crate::packages::VERSION;

/// What the registry serves.
pub(crate) struct Registry {
    pub(crate) directory: PathBuf,
    /// The key whose signatures the registry vouches for.
    pub(crate) public_key: String,
}

impl Registry {
    /// Serves until the test's process ends, and says where.
    pub(crate) fn serve(self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
        let address = listener.local_addr().expect("it is bound");
        let url = format!("http://{address}");
        let own = url.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // Terraform reports a response that it does not get.
                let _ = self.answer(stream, &own);
            }
        });
        url
    }

    fn answer(&self, mut stream: TcpStream, url: &str) -> io::Result<()> {
        let mut lines = BufReader::new(stream.try_clone()?).lines();
        let request = lines.next().transpose()?.unwrap_or_default();
        while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
        let path = request.split(' ').nth(1).unwrap_or_default();
        let (status, kind, body) = match self.content(path, url) {
            Some((kind, body)) => ("200 OK", kind, body),
            None => ("404 Not Found", "text/plain", Vec::new()),
        };
        let length = body.len();
        write!(
            stream,
            "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
        )?;
        stream.write_all(&body)
    }

    fn content(&self, path: &str, url: &str) -> Option<(&'static str, Vec<u8>)> {
        if let Some(name) = path.strip_prefix("/files/") {
            let body = fs::read(self.directory.join(name)).ok()?;
            return Some(("application/octet-stream", body));
        }
        let words: Vec<&str> = path.strip_prefix("/v1/providers/")?.split('/').collect();
        let document = match words[..] {
            [_, _, "versions"] => self.versions(),
            [_, _, VERSION, "download", os, architecture] => {
                self.download(os, architecture, url)?
            }
            _ => return None,
        };
        Some(("application/json", document.to_string().into_bytes()))
    }

    /// The protocol is what the manifest says.
    fn versions(&self) -> Value {
        let manifest = fs::read(self.directory.join(format!("{PROVIDER}_{VERSION}_manifest.json")));
        let manifest = manifest.expect("there is a manifest");
        let manifest: Value = serde_json::from_slice(&manifest).expect("the manifest is JSON");
        let protocols = &manifest["metadata"]["protocol_versions"];
        json!({ "versions": [{ "version": VERSION, "protocols": protocols }] })
    }

    fn download(&self, os: &str, architecture: &str, url: &str) -> Option<Value> {
        let name = format!("{PROVIDER}_{VERSION}_{os}_{architecture}.zip");
        let sums = format!("{PROVIDER}_{VERSION}_SHA256SUMS");
        let lines = fs::read_to_string(self.directory.join(&sums)).ok()?;
        let sum = lines.lines().find_map(|line| line.strip_suffix(&format!("  {name}")))?;
        Some(json!({
            "protocols": ["5.0"],
            "os": os,
            "arch": architecture,
            "filename": name,
            "download_url": format!("{url}/files/{name}"),
            "shasums_url": format!("{url}/files/{sums}"),
            "shasums_signature_url": format!("{url}/files/{sums}.sig"),
            "shasum": sum,
            "signing_keys": { "gpg_public_keys": [{ "key_id": "", "ascii_armor": self.public_key }] },
        }))
    }
}
