//! Environment and arguments in, exit code out.
fn main() {}
