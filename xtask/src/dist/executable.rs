//! Whether a program is one for a platform, by its headers: a package with another platform's binary looks right in every
//! other way. For Linux also whether it is static, since it must run where there is no glibc.

use super::release::Platform;

/// The numbers of amd64 and arm64 in each format.
const ELF: [u16; 2] = [62, 183];
const MACH_O: [u32; 2] = [0x0100_0007, 0x0100_000c];
const PE: [u16; 2] = [0x8664, 0xaa64];

/// The segment that names a dynamic linker.
const INTERPRETER: u32 = 3;

/// What is wrong with the program, if anything is.
pub(super) fn problem(program: &[u8], platform: Platform) -> Option<String> {
    let Platform { os, architecture } = platform;
    let header = Header(program);
    let number = usize::from(architecture == "arm64");
    let fits = match os {
        "darwin" => header.u32(0) == Some(0xfeed_facf) && header.u32(4) == Some(MACH_O[number]),
        "windows" => header.portable_machine() == Some(PE[number]),
        _ => program.starts_with(b"\x7fELF\x02\x01") && header.u16(18) == Some(ELF[number]),
    };
    if !fits {
        return Some(format!("is no program for {os} on {architecture}"));
    }
    let is_dynamic = os == "linux" && header.segments().any(|kind| kind == INTERPRETER);
    is_dynamic.then(|| "is not static: it needs the C library of the machine".to_owned())
}

/// Numbers in a header, all of them little-endian.
struct Header<'a>(&'a [u8]);

impl Header<'_> {
    fn bytes<const N: usize>(&self, at: usize) -> Option<[u8; N]> {
        self.0.get(at..at.checked_add(N)?)?.try_into().ok()
    }

    fn u16(&self, at: usize) -> Option<u16> {
        self.bytes(at).map(u16::from_le_bytes)
    }

    fn u32(&self, at: usize) -> Option<u32> {
        self.bytes(at).map(u32::from_le_bytes)
    }

    /// The machine of a program for Windows, whose header comes after one for DOS.
    fn portable_machine(&self) -> Option<u16> {
        let at = usize::try_from(self.u32(0x3c)?).ok()?;
        let is_portable = self.0.starts_with(b"MZ") && self.bytes(at) == Some(*b"PE\0\0");
        if is_portable { self.u16(at + 4) } else { None }
    }

    /// The kinds of an ELF program's segments.
    fn segments(&self) -> impl Iterator<Item = u32> {
        let table = self.bytes(32).map(u64::from_le_bytes);
        let table = table.and_then(|at| usize::try_from(at).ok());
        let (size, count) = (self.u16(54).unwrap_or(0), self.u16(56).unwrap_or(0));
        (0..usize::from(count))
            .filter_map(move |index| self.u32(table?.checked_add(index * usize::from(size))?))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    const ALL: [(&str, &str); 6] = [
        ("linux", "amd64"),
        ("linux", "arm64"),
        ("darwin", "amd64"),
        ("darwin", "arm64"),
        ("windows", "amd64"),
        ("windows", "arm64"),
    ];

    /// The headers of a program for that platform, and no more.
    pub(crate) fn program(platform: Platform) -> Vec<u8> {
        let number = usize::from(platform.architecture == "arm64");
        match platform.os {
            "darwin" => {
                [0xfeed_facf_u32, MACH_O[number]].iter().flat_map(|it| it.to_le_bytes()).collect()
            }
            "windows" => {
                let mut program = vec![0; 0x40];
                program[..2].copy_from_slice(b"MZ");
                program[0x3c] = 0x40;
                program.extend(b"PE\0\0");
                program.extend(PE[number].to_le_bytes());
                program
            }
            _ => elf(ELF[number], &[1, 2]),
        }
    }

    /// The headers of an ELF program with segments of these kinds.
    fn elf(machine: u16, segments: &[u32]) -> Vec<u8> {
        let mut program = b"\x7fELF\x02\x01".to_vec();
        program.resize(64, 0);
        program[18..20].copy_from_slice(&machine.to_le_bytes());
        program[32] = 64;
        program[54] = 56;
        program[56] = u8::try_from(segments.len()).unwrap();
        for kind in segments {
            program.extend(kind.to_le_bytes());
            program.resize(program.len() + 52, 0);
        }
        program
    }

    #[test]
    fn a_program_fits_its_own_platform_and_no_other() {
        let platforms = ALL.map(|(os, architecture)| Platform { os, architecture });
        for made_for in platforms {
            for named in platforms {
                let problem = problem(&program(made_for), named);
                assert_eq!(problem.is_none(), made_for == named, "{made_for:?} as {named:?}");
            }
        }
        assert!(problem(b"", platforms[0]).is_some());
    }

    #[test]
    fn a_program_for_linux_names_no_dynamic_linker() {
        let linux = Platform { os: "linux", architecture: "amd64" };
        let found = problem(&elf(ELF[0], &[1, INTERPRETER]), linux);
        assert_eq!(found.as_deref(), Some("is not static: it needs the C library of the machine"));
        let freebsd = Platform { os: "freebsd", architecture: "amd64" };
        assert_eq!(problem(&elf(ELF[0], &[1, INTERPRETER]), freebsd), None);
    }
}
