//! What the arguments and the cookie ask for. A decision only: nothing is printed or started here.

use std::ffi::OsString;

use super::{Environment, Mode, Plugin};

/// The exit code for arguments that are not understood.
const USAGE: u8 = 2;

/// What to do.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// Serve.
    Serve(Mode),
    /// Print this on standard output; that is all that was asked for.
    Inform(String),
    /// Print this on standard error and exit with this code.
    Refuse {
        /// What is wrong, and what to do about it.
        text: String,
        /// The exit code.
        code: u8,
    },
}

/// Reads the arguments, without the program's name. One dash is as good as two, as users know it from other providers.
pub(super) fn parse(
    plugin: &Plugin,
    arguments: impl IntoIterator<Item = OsString>,
    environment: &Environment,
) -> Command {
    let mut arguments = arguments.into_iter();
    let Some(argument) = arguments.next() else { return without_arguments(plugin, environment) };
    let name = argument.to_string_lossy();
    if let Some(extra) = arguments.next() {
        return not_understood(plugin, &extra.to_string_lossy());
    }
    match name.as_ref() {
        "--debug" | "-debug" => Command::Serve(Mode::ByHand),
        "--help" | "-help" | "-h" => Command::Inform(plugin.introduction.to_owned()),
        "--version" | "-version" | "-V" => {
            Command::Inform(format!("{} {}\n", plugin.name, plugin.version))
        }
        _ => not_understood(plugin, &name),
    }
}

/// A host shows the cookie; whoever does not is a person who wonders what this program is.
fn without_arguments(plugin: &Plugin, environment: &Environment) -> Command {
    if environment.text(plugin.cookie_key) == Some(plugin.cookie_value) {
        Command::Serve(Mode::Hosted)
    } else {
        Command::Refuse { text: plugin.introduction.to_owned(), code: 1 }
    }
}

fn not_understood(plugin: &Plugin, argument: &str) -> Command {
    let text = format!("{0}: argument not understood: {argument}\nTry {0} --help\n", plugin.name);
    Command::Refuse { text, code: USAGE }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::server::tests::PLUGIN;

    fn parsed(arguments: &[&str], cookie: &str) -> Command {
        let environment = Environment::of(&[(PLUGIN.cookie_key, cookie)]);
        parse(&PLUGIN, arguments.iter().map(OsString::from), &environment)
    }

    #[test]
    fn only_the_right_cookie_starts_the_service() {
        assert_eq!(parsed(&[], PLUGIN.cookie_value), Command::Serve(Mode::Hosted));
        for cookie in ["", "wrong"] {
            let text = PLUGIN.introduction.to_owned();
            assert_eq!(parsed(&[], cookie), Command::Refuse { text, code: 1 });
        }
    }

    #[test]
    fn one_dash_is_as_good_as_two() {
        for argument in ["--debug", "-debug"] {
            assert_eq!(parsed(&[argument], ""), Command::Serve(Mode::ByHand));
        }
        for argument in ["--version", "-version"] {
            assert_eq!(
                parsed(&[argument], ""),
                Command::Inform("terraform-provider-test 1.2.3\n".to_owned())
            );
        }
    }

    #[test]
    fn an_argument_that_means_nothing_is_named() {
        for arguments in [&["--frobnicate"][..], &["--debug", "--frobnicate"][..]] {
            let Command::Refuse { text, code: 2 } = parsed(arguments, PLUGIN.cookie_value) else {
                panic!("{arguments:?} was accepted");
            };
            assert!(text.contains("--frobnicate"), "{text}");
        }
    }
}
