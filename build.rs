//! Compiles the wire contract in `proto/` with protox, so that no `protoc` is needed; and for a static glibc, what makes it
//! resolve names without plugins.

use std::{env, error::Error};

const PROTOS: [&str; 3] = ["tfplugin5.proto", "plugin.proto", "health.proto"];

const STATIC_GLIBC: &str = "build/static_glibc.c";

fn main() -> Result<(), Box<dyn Error>> {
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
