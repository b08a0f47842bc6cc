//! Compiles the wire contract in `proto/` with protox, so that no `protoc` is needed.

use std::error::Error;

const PROTOS: [&str; 3] = ["tfplugin5.proto", "plugin.proto", "health.proto"];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=proto");
    let descriptors = protox::compile(PROTOS, ["proto"])?;
    tonic_prost_build::configure().build_transport(false).compile_fds(descriptors)?;
    Ok(())
}
