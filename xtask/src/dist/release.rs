//! What the files of a release are called, and what its manifest says: the rules of both registries. Knows nothing of how
//! the files are made.

use crate::host::PROVIDER;

/// The operating systems and architectures that releases are made for, in Go's names, and what they are in a target
/// triple.
const SYSTEMS: [(&str, &str); 4] = [
    ("-linux-", "linux"),
    ("-apple-darwin", "darwin"),
    ("-windows-", "windows"),
    ("-freebsd", "freebsd"),
];
const ARCHITECTURES: [(&str, &str); 2] = [("x86_64-", "amd64"), ("aarch64-", "arm64")];

/// What may lie beside the files that registries read, by the ends of the names: bills of materials, and attestations of how
/// the packages were built.
const BESIDE: [&str; 4] = [".cdx.json", ".spdx.json", ".intoto.jsonl", ".sigstore.json"];

/// The protocol, in the registries' form: Terraform finds with it whether it can use the provider.
pub(super) const MANIFEST: &str =
    "{\n  \"version\": 1,\n  \"metadata\": {\n    \"protocol_versions\": [\"5.0\"]\n  }\n}\n";

/// Where a package runs, such as `linux_amd64`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Platform {
    pub(super) os: &'static str,
    pub(super) architecture: &'static str,
}

impl Platform {
    /// The platform of a target triple.
    pub(super) fn of_target(triple: &str) -> Option<Self> {
        let (_, os) = SYSTEMS.into_iter().find(|(part, _)| triple.contains(part))?;
        let (_, architecture) =
            ARCHITECTURES.into_iter().find(|(start, _)| triple.starts_with(start))?;
        Some(Self { os, architecture })
    }

    fn all() -> impl Iterator<Item = Self> {
        SYSTEMS.into_iter().flat_map(|(_, os)| {
            ARCHITECTURES.into_iter().map(move |(_, architecture)| Self { os, architecture })
        })
    }

    /// How programs end here.
    pub(super) fn exe_suffix(self) -> &'static str {
        if self.os == "windows" { ".exe" } else { "" }
    }
}

/// One version of the provider, by which its files are named.
#[derive(Clone, Copy)]
pub(super) struct Release<'a> {
    pub(super) version: &'a str,
}

/// What a file of a release is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Package(Platform),
    Manifest,
    Sums,
    Signature,
    /// Nothing that registries read.
    Beside,
}

impl Release<'_> {
    fn file(self, end: &str) -> String {
        format!("{PROVIDER}_{}{end}", self.version)
    }

    /// The name of a package.
    pub(super) fn package(self, platform: Platform) -> String {
        self.file(&format!("_{}_{}.zip", platform.os, platform.architecture))
    }

    /// The name of the binary in a package.
    pub(super) fn binary(self, platform: Platform) -> String {
        format!("{PROVIDER}_v{}{}", self.version, platform.exe_suffix())
    }

    /// The name of the manifest.
    pub(super) fn manifest(self) -> String {
        self.file("_manifest.json")
    }

    /// The name of the file of checksums.
    pub(super) fn sums(self) -> String {
        self.file("_SHA256SUMS")
    }

    /// The name of the signature of the checksums.
    pub(super) fn signature(self) -> String {
        self.file("_SHA256SUMS.sig")
    }

    /// What a file is, by its name. None is no file of this release.
    pub(super) fn kind(self, name: &str) -> Option<Kind> {
        let is_package = |platform: &Platform| name == self.package(*platform);
        if let Some(platform) = Platform::all().find(is_package) {
            return Some(Kind::Package(platform));
        }
        let rest = name.strip_prefix(&self.file("")).unwrap_or_default();
        let beside = rest.starts_with(['_', '.']) && BESIDE.iter().any(|end| rest.ends_with(end));
        match name {
            _ if name == self.manifest() => Some(Kind::Manifest),
            _ if name == self.sums() => Some(Kind::Sums),
            _ if name == self.signature() => Some(Kind::Signature),
            _ => beside.then_some(Kind::Beside),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_have_the_names_that_go_has_for_them() {
        for (triple, expected) in [
            ("x86_64-unknown-linux-musl", Some(("linux", "amd64", ""))),
            ("aarch64-unknown-linux-musl", Some(("linux", "arm64", ""))),
            ("x86_64-unknown-linux-gnu", Some(("linux", "amd64", ""))),
            ("aarch64-apple-darwin", Some(("darwin", "arm64", ""))),
            ("x86_64-pc-windows-msvc", Some(("windows", "amd64", ".exe"))),
            ("x86_64-unknown-freebsd", Some(("freebsd", "amd64", ""))),
            ("riscv64gc-unknown-linux-gnu", None),
            ("aarch64-apple-ios", None),
        ] {
            let platform = Platform::of_target(triple);
            let found = platform.map(|it| (it.os, it.architecture, it.exe_suffix()));
            assert_eq!(found, expected, "{triple}");
        }
    }

    #[test]
    fn a_name_tells_what_a_file_is_and_of_which_version() {
        let release = Release { version: "1.2.3" };
        let linux = Platform { os: "linux", architecture: "amd64" };
        for (end, expected) in [
            ("_1.2.3_linux_amd64.zip", Some(Kind::Package(linux))),
            ("_1.2.3_manifest.json", Some(Kind::Manifest)),
            ("_1.2.3_SHA256SUMS", Some(Kind::Sums)),
            ("_1.2.3_SHA256SUMS.sig", Some(Kind::Signature)),
            ("_1.2.3_sbom.cdx.json", Some(Kind::Beside)),
            ("_1.2.3.intoto.jsonl", Some(Kind::Beside)),
            ("_1.2.30_sbom.cdx.json", None),
            ("_1.2.4_linux_amd64.zip", None),
            ("_v1.2.3_linux_amd64.zip", None),
            ("_1.2.3_linux_x86_64.zip", None),
            ("_1.2.3_SHA256SUMS.asc", None),
        ] {
            let name = format!("{PROVIDER}{end}");
            assert_eq!(release.kind(&name), expected, "{name}");
        }
        assert_eq!(release.kind("LICENSE"), None);
    }

    #[test]
    fn the_manifest_names_the_protocol_as_registries_read_it() {
        let manifest: serde_json::Value = serde_json::from_str(MANIFEST).unwrap();
        let expected =
            serde_json::json!({ "version": 1, "metadata": { "protocol_versions": ["5.0"] } });
        assert_eq!(manifest, expected);
    }
}
