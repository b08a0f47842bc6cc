//! Identifiers: fixed ones for what is seeded, so that tests and examples can name them, and fresh ones for the rest.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

static NEXT: AtomicU64 = AtomicU64::new(0);

/// A UUID that no other call returns, in this process or (by the random seed) in another.
pub(crate) fn fresh_uuid() -> String {
    let count = NEXT.fetch_add(1, Ordering::Relaxed);
    let random = RandomState::new();
    uuid(random.hash_one(count), random.hash_one(!count), 4)
}

/// The same UUID for the same `name`, in every process.
pub(crate) fn uuid_of(name: &str) -> String {
    let high = name.bytes().fold(0x6a09_e667_f3bc_c908, |hash, byte| mix(hash ^ u64::from(byte)));
    uuid(high, mix(high), 5)
}

/// The same 64 hexadecimal characters for the same `name`, in every process.
pub(crate) fn key_hash_of(name: &str) -> String {
    (0..4)
        .map(|part| uuid_of(&format!("{part}/{name}")).replace('-', "")[..16].to_owned())
        .collect()
}

fn uuid(high: u64, low: u64, version: u64) -> String {
    let high = (high & !0xf000) | (version << 12);
    let low = (low & 0x3fff_ffff_ffff_ffff) | 0x8000_0000_0000_0000;
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xffff,
        low >> 48,
        low & 0xffff_ffff_ffff
    )
}

/// The output function of `SplitMix64`: every bit of the input reaches every bit of the output.
pub(crate) fn mix(seed: u64) -> u64 {
    let seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let seed = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let seed = (seed ^ (seed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    seed ^ (seed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn fresh_ids_differ_and_named_ids_stay() {
        let fresh: BTreeSet<String> = (0..1000).map(|_| fresh_uuid()).collect();
        assert_eq!(fresh.len(), 1000);
        assert_eq!(uuid_of("a"), uuid_of("a"));
        let hashes: BTreeSet<String> =
            (0..1000).map(|i| key_hash_of(&format!("key-{i}"))).collect();
        assert_eq!(hashes.len(), 1000);
        assert!(hashes.iter().all(|hash| hash.len() == 64));
    }
}
