//! Compiles the wire contract in `proto/` with protox, so that no `protoc` is needed, and hands the source address to the
//! code as a variable of the build.

#[path = "xtask/src/source_address.rs"]
#[allow(dead_code, reason = "the parts of the address are for others")]
mod source_address;

use std::error::Error;
use std::fs;

use source_address::SourceAddress;

const PROTOS: [&str; 3] = ["tfplugin5.proto", "plugin.proto", "health.proto"];
const SOURCE_ADDRESS: &str = "source-address.txt";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={SOURCE_ADDRESS}");
    println!("cargo::rerun-if-changed=xtask/src/source_address.rs");
    match fs::read_to_string(SOURCE_ADDRESS)?.parse::<SourceAddress>() {
        Ok(address) => println!("cargo::rustc-env=SOURCE_ADDRESS={address}"),
        Err(error) => println!("cargo::error={SOURCE_ADDRESS}: {error}"),
    }
    println!("cargo::rerun-if-changed=proto");
    let descriptors = protox::compile(PROTOS, ["proto"])?;
    tonic_prost_build::configure().build_transport(false).compile_fds(descriptors)?;
    Ok(())
}
