//! What the arguments and the cookie ask for. A decision only: nothing is printed or started here.

use std::ffi::OsString;

use super::{Environment, Mode, Network, Plugin};

/// Reads the arguments, without the program's name. One dash is as good as two, as in Go providers.
/// Returns how and where to serve, or the text to end with and the exit code.
pub(super) fn parse(
    plugin: &Plugin,
    arguments: impl IntoIterator<Item = OsString>,
    environment: &Environment,
) -> Result<(Mode, Network), (String, u8)> {
    let Plugin { name, version, introduction, .. } = plugin;
    let arguments: Vec<_> = arguments.into_iter().collect();
    let arguments: Vec<_> = arguments.iter().map(|argument| argument.to_string_lossy()).collect();
    let (tcp, rest): (Vec<_>, Vec<_>) = arguments
        .iter()
        .map(AsRef::as_ref)
        .partition(|argument| ["--tcp", "-tcp"].contains(argument));
    let network = if tcp.is_empty() { Network::Any } else { Network::Tcp };
    match rest[..] {
        // A host shows the cookie; without it, a person has started the program.
        [] if environment.get(plugin.cookie_key) == Some(plugin.cookie_value.as_ref()) => {
            Ok((Mode::Hosted, network))
        }
        [] => Err((introduction.to_string(), 1)),
        ["--debug" | "-debug"] => Ok((Mode::Debug, network)),
        ["--help" | "-help" | "-h"] => Err((introduction.to_string(), 0)),
        ["--version" | "-version" | "-V"] => Err((format!("{name} {version}\n"), 0)),
        [.., last] => {
            let text =
                format!("{name}: unknown argument: {last}\nRun {name} --help for the options.\n");
            Err((text, 2))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::server::tests::{PLUGIN, environment};

    fn parsed(arguments: &[&str], cookie: &str) -> Result<(Mode, Network), (String, u8)> {
        let environment = environment(&[(PLUGIN.cookie_key, cookie)]);
        parse(&PLUGIN, arguments.iter().map(OsString::from), &environment)
    }

    #[test]
    fn only_the_right_cookie_starts_the_server() {
        assert_eq!(parsed(&[], PLUGIN.cookie_value), Ok((Mode::Hosted, Network::Any)));
        for cookie in ["", "wrong"] {
            let text = PLUGIN.introduction.to_owned();
            assert_eq!(parsed(&[], cookie), Err((text, 1)));
        }
    }

    #[test]
    fn one_dash_is_as_good_as_two() {
        for argument in ["--debug", "-debug"] {
            assert_eq!(parsed(&[argument], ""), Ok((Mode::Debug, Network::Any)));
        }
        for argument in ["--version", "-version"] {
            let text = "terraform-provider-test 1.2.3\n".to_owned();
            assert_eq!(parsed(&[argument], ""), Err((text, 0)));
        }
    }

    /// It says where, and nothing of who the host is.
    #[test]
    fn tcp_goes_with_either_way_to_serve() {
        for argument in ["--tcp", "-tcp"] {
            let hosted = parsed(&[argument], PLUGIN.cookie_value);
            assert_eq!(hosted, Ok((Mode::Hosted, Network::Tcp)));
            assert_eq!(parsed(&[argument, "--debug"], ""), Ok((Mode::Debug, Network::Tcp)));
            assert_eq!(parsed(&["--debug", argument], ""), Ok((Mode::Debug, Network::Tcp)));
            assert_eq!(parsed(&[argument], ""), Err((PLUGIN.introduction.to_owned(), 1)));
        }
    }

    #[test]
    fn an_unknown_argument_is_named() {
        for arguments in [&["--frobnicate"][..], &["--debug", "--frobnicate"][..]] {
            let Err((text, 2)) = parsed(arguments, PLUGIN.cookie_value) else {
                panic!("{arguments:?} was accepted");
            };
            assert!(text.contains("--frobnicate"), "{text}");
        }
    }
}
