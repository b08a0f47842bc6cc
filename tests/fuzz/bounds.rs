//! How much memory an input may take.

use std::sync::atomic::{AtomicUsize, Ordering};

use peak_alloc::PeakAlloc;

/// Counts what the whole process has allocated, so only one input may be tried at a time.
#[global_allocator]
static ALLOCATIONS: PeakAlloc = PeakAlloc;

/// The most memory that the work on an input may take at any moment.
#[derive(Clone, Copy)]
pub(crate) struct Bound {
    /// In bytes, whatever the length.
    pub(crate) constant: usize,
    /// In bytes, for each byte of the input.
    pub(crate) factor: usize,
}

/// The most memory that an input took so far beyond the constant, for each of its bytes.
static WORST: AtomicUsize = AtomicUsize::new(0);

/// The most memory that an input took beyond the constant, for each of its bytes, since the last
/// call of this.
pub(crate) fn worst() -> usize {
    WORST.swap(0, Ordering::Relaxed)
}

/// Does the work; an error if it takes more memory than the bound allows for an input of `length`
/// bytes.
pub(crate) fn within<T>(
    bound: Bound,
    length: usize,
    work: impl FnOnce() -> T,
) -> Result<T, String> {
    ALLOCATIONS.reset_peak_usage();
    let before = ALLOCATIONS.current_usage();
    let result = work();
    let used = ALLOCATIONS.peak_usage().saturating_sub(before);
    let allowed = bound.constant + bound.factor * length;
    if used > allowed {
        return Err(format!(
            "{used} bytes of memory for {length} bytes of input; {allowed} are allowed"
        ));
    }
    let factor = used.saturating_sub(bound.constant).div_ceil(length.max(1));
    WORST.fetch_max(factor, Ordering::Relaxed);
    Ok(result)
}
