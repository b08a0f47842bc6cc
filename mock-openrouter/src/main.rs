//! The mock API as a program.
fn main() {}
