//! Why a provider block is refused: names the attribute or the environment variable that a setting comes from, and decides
//! whether its value, or the line that it stands in, may be shown.

use crate::{
    client::{ApiKey, BaseUrl, ConfigError},
    cty::Path,
    protocol::diagnostics::Diagnostic,
};

use super::{
    API_KEY, CATEGORIES, HTTP_REFERER, KEY_VARIABLES, SERVER_URL, TITLE, URL_VARIABLE,
    USER_AGENT_VARIABLE,
};
use crate::provider::key;

/// A setting of the provider, and where it comes from.
#[derive(Clone, Copy)]
pub(super) struct Setting<'a> {
    pub(super) text: &'a str,
    pub(super) origin: Origin,
}

/// Where a setting comes from.
#[derive(Clone, Copy)]
pub(super) enum Origin {
    /// An attribute of the provider block.
    Attribute,
    /// The environment variable of this name.
    Variable(&'static str),
}

/// The key, or why it cannot be one.
pub(super) fn api_key(setting: Setting) -> Result<ApiKey, Diagnostic> {
    ApiKey::new(setting.text).map_err(|error| match setting.origin {
        Origin::Attribute if setting.text.trim().is_empty() => empty_key(),
        // Without a path: Terraform would print the line, and with it the key.
        Origin::Attribute => Diagnostic::error(summary(API_KEY), format!("{error}.")),
        Origin::Variable(name) => {
            let detail = format!("{error}. It comes from the environment variable {name}.");
            Diagnostic::error(summary(name), detail)
        }
    })
}

/// The base URL, or why it cannot be one.
pub(super) fn base_url(setting: Setting) -> Result<BaseUrl, Diagnostic> {
    let name = match setting.origin {
        Origin::Attribute => SERVER_URL,
        Origin::Variable(name) => name,
    };
    if key::holds_encoded_key(setting.text) {
        return Err(key_instead_of(name, "the base URL of the API"));
    }
    BaseUrl::parse(setting.text).map_err(|error| {
        let may_be_shown = !may_hold_secret(setting.text);
        match setting.origin {
            Origin::Attribute => {
                let refused = Diagnostic::error(summary(name), format!("{error}."));
                if may_be_shown { refused.at(Path::attribute(SERVER_URL)) } else { refused }
            }
            Origin::Variable(name) => {
                let value = if may_be_shown {
                    format!("holds {:?}", setting.text)
                } else {
                    "holds a value that is not shown here, since it may be a secret".to_owned()
                };
                let detail = format!(
                    "{error}. It comes from the environment variable {name}, which {value}."
                );
                Diagnostic::error(summary(name), detail)
            }
        }
    })
}

/// The error for a header's value that holds a key.
pub(super) fn header(name: &str, text: &str) -> Option<Diagnostic> {
    key::holds_encoded_key(text)
        .then(|| key_instead_of(name, "a text that is sent with each request"))
}

/// Any other reason why no client can be made.
pub(super) fn client(error: &ConfigError) -> Diagnostic {
    let attribute = match error {
        ConfigError::Header { name: "HTTP-Referer" } => HTTP_REFERER,
        ConfigError::Header { name: "X-OpenRouter-Title" } => TITLE,
        ConfigError::Header { name: "X-OpenRouter-Categories" } => CATEGORIES,
        // All else in that header is our own.
        ConfigError::Header { name: "User-Agent" } => return unfit_user_agent(),
        _ => return Diagnostic::error("Invalid provider configuration", format!("{error}.")),
    };
    Diagnostic::error(summary(attribute), format!("{error}.")).at(Path::attribute(attribute))
}

fn unfit_user_agent() -> Diagnostic {
    let detail = format!(
        "The environment variable {USER_AGENT_VARIABLE} contains a line break or another character that is not printable ASCII, \
         and cannot be sent in an HTTP header. Correct or unset it."
    );
    Diagnostic::error(summary(USER_AGENT_VARIABLE), detail)
}

/// No key anywhere.
pub(super) fn missing_key() -> Diagnostic {
    let detail = format!(
        "Set `{API_KEY}` in the provider block, or the environment variable {}. It must be a management key; you make one \
         under Settings, Management Keys.",
        KEY_VARIABLES.join(" or ")
    );
    Diagnostic::error("Missing API key", detail).at(Path::attribute(API_KEY))
}

fn empty_key() -> Diagnostic {
    let detail = format!(
        "the API key is empty. Check where the value of `{API_KEY}` comes from, such as an input variable (TF_VAR_...) or a \
         secret that is not set. To use the environment variable {}, leave `{API_KEY}` out or set it to null.",
        KEY_VARIABLES.join(" or ")
    );
    Diagnostic::error(summary(API_KEY), detail)
}

/// Without a path, as Terraform would print the line.
fn key_instead_of(name: &str, what: &str) -> Diagnostic {
    let place = if name == URL_VARIABLE {
        format!("The environment variable {name}")
    } else {
        format!("`{name}`")
    };
    let detail = format!(
        "{place} holds an API key, but it takes {what}. The key belongs in `{API_KEY}` or in the environment variable {}, and \
         nowhere else. The value is not shown here; since it may have been stored, consider replacing the key.",
        KEY_VARIABLES[0]
    );
    Diagnostic::error(summary(name), detail)
}

fn summary(name: &str) -> String {
    format!("Invalid provider configuration: `{name}`")
}

/// Whether a text that should be an address could hold a password or some other service's key: it has user info, a query or
/// a fragment, or it is no URL and has a word as long as a key.
fn may_hold_secret(text: &str) -> bool {
    const KEY_LENGTH: usize = 16;
    let of_a_key = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '+' | '=');
    let has_long_word = || text.split(|c| !of_a_key(c)).any(|word| word.len() >= KEY_LENGTH);
    text.contains(['@', '?', '#']) || (!text.contains("://") && has_long_word())
}
