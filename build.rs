//! Compiles the wire contract in `proto/` with protox, so that no `protoc` is needed, and hands the source address to the
//! code as a variable of the build. For a static glibc, it adds what makes it resolve names without plugins.

#[path = "xtask/src/source_address.rs"]
#[allow(dead_code, reason = "the parts of the address are for others")]
mod source_address;

use std::error::Error;
use std::{env, fs};

use source_address::SourceAddress;

const PROTOS: [&str; 3] = ["tfplugin5.proto", "plugin.proto", "health.proto"];
const SOURCE_ADDRESS: &str = "source-address.txt";

const STATIC_GLIBC: &str = "build/static_glibc.c";

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
    println!("cargo::rerun-if-changed={STATIC_GLIBC}");
    if links_glibc_statically() {
        cc::Build::new().file(STATIC_GLIBC).cargo_metadata(false).try_compile("static_glibc")?;
        println!("cargo::rustc-link-search=native={}", env::var("OUT_DIR")?);
        // Whole: nothing refers to what is in it.
        println!("cargo::rustc-link-lib=static:+whole-archive,-bundle=static_glibc");
    }
    Ok(())
}

fn links_glibc_statically() -> bool {
    let target = |name: &str| env::var(format!("CARGO_CFG_TARGET_{name}")).unwrap_or_default();
    target("OS") == "linux"
        && target("ENV") == "gnu"
        && target("FEATURE").split(',').any(|feature| feature == "crt-static")
}
