//! Environment and arguments in, exit code out.

use std::{collections::BTreeMap, env, process::ExitCode, sync::Arc};

use terraform_provider_openrouter::{
    protocol,
    provider::OpenRouter,
    transport::{self, Environment, Plugin},
};

const PLUGIN: Plugin = Plugin {
    name: env!("CARGO_PKG_NAME"),
    version: env!("CARGO_PKG_VERSION"),
    introduction: INTRODUCTION,
    cookie_key: "TF_PLUGIN_MAGIC_COOKIE",
    cookie_value: "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2",
    protocol_version: 5,
    reattach_variable: "TF_REATTACH_PROVIDERS",
    // Without a host in it, Terraform and OpenTofu each put their own registry's before it.
    address: env!("SOURCE_ADDRESS"),
    log_variables: &["TF_LOG_PROVIDER_OPENROUTER", "TF_LOG_PROVIDER", "TF_LOG"],
    log_module: "openrouter",
};

const INTRODUCTION: &str = concat!(
    r#"This is the OpenRouter provider for Terraform and OpenTofu. It is a
plugin: they start it, it is not started by hand.

To use it, name it in a configuration and run `terraform init` there:

    terraform {
      required_providers {
        openrouter = {
          source = ""#,
    env!("SOURCE_ADDRESS"),
    r#""
        }
      }
    }

    provider "openrouter" {
      # The management key: api_key, or the variable OPENROUTER_MANAGEMENT_KEY.
    }

The directories docs/ and examples/ of its sources describe what it manages.

Options:
    --debug      serve until Ctrl-C, and print how Terraform or OpenTofu can use this process
    --tcp        listen on a port of this machine also where a unix socket could be made
    --help       print this text
    --version    print the version
"#
);

fn main() -> ExitCode {
    let environment = Environment::from_vars(env::vars_os());
    // Each connection has its own configuration, and so its own service; the provider is shared.
    let provider = Arc::new(OpenRouter::new(variables()));
    transport::run(&PLUGIN, env::args_os().skip(1), &environment, move |calls, stop| {
        protocol::serve(&provider, calls, stop)
    })
}

/// The variables whose names and values are UTF-8.
fn variables() -> BTreeMap<String, String> {
    let mut variables = BTreeMap::new();
    for (name, value) in env::vars_os() {
        if let (Ok(name), Ok(value)) = (name.into_string(), value.into_string()) {
            variables.insert(name, value);
        }
    }
    variables
}
