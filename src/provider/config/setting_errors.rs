//! Why a provider block is refused: names the attribute or the environment variable that a setting
//! comes from, and decides whether its value, or the line that it stands in, may be shown.

use crate::{
    client::{ApiKey, BaseUrl, ConfigError},
    cty::Path,
    protocol::diagnostics::Diagnostic,
};

use super::{API_KEY, CATEGORIES, HTTP_REFERER, KEY_VARIABLES, TITLE, USER_AGENT_VARIABLE};
use crate::provider::misplaced_key;

/// A setting of the provider, and where it comes from.
#[derive(Clone, Copy)]
pub(super) struct ConfigSetting<'a> {
    pub(super) text: &'a str,
    pub(super) origin: SettingSource,
}

/// Where a setting comes from.
#[derive(Clone, Copy)]
pub(super) enum SettingSource {
    /// The attribute of this name in the provider block.
    Attribute(&'static str),
    /// The environment variable of this name.
    Variable(&'static str),
}

/// The key, or why it cannot be one. Without a path: Terraform would print the line with the key.
pub(super) fn api_key(setting: ConfigSetting) -> Result<ApiKey, Diagnostic> {
    ApiKey::new(setting.text).map_err(|error| {
        let detail = match setting.origin {
            SettingSource::Attribute(_) if setting.text.trim().is_empty() => format!(
                "The API key is empty. Check where the value of `{API_KEY}` comes from, such as an \
                 input variable (TF_VAR_...) or a secret that is not set. To use the environment \
                 variable {}, leave `{API_KEY}` out or set it to null.",
                KEY_VARIABLES.join(" or ")
            ),
            SettingSource::Attribute(_) => sentence(&error),
            SettingSource::Variable(name) => {
                format!("{} It comes from the environment variable {name}.", sentence(&error))
            }
        };
        Diagnostic::error(summary(setting.origin.name()), detail)
    })
}

/// The base URL, or why it cannot be one.
pub(super) fn base_url(setting: ConfigSetting, key: Option<&str>) -> Result<BaseUrl, Diagnostic> {
    if let Some(refused) = holds_key(setting, key, "the base URL of the API") {
        return Err(refused);
    }
    BaseUrl::parse(setting.text).map_err(|error| {
        let may_be_shown = !may_hold_secret(setting.text);
        let refused = |detail| Diagnostic::error(summary(setting.origin.name()), detail);
        match setting.origin {
            SettingSource::Attribute(name) if may_be_shown => {
                refused(sentence(&error)).at(Path::attribute(name))
            }
            SettingSource::Attribute(_) => refused(sentence(&error)),
            SettingSource::Variable(name) => {
                let value = if may_be_shown {
                    format!("is {:?}", setting.text)
                } else {
                    "is not shown here, since it may be a secret".to_owned()
                };
                refused(format!(
                    "{} It comes from the environment variable {name}, which {value}.",
                    sentence(&error)
                ))
            }
        }
    })
}

/// The error for a setting that holds an API key, though it takes `what`. `key` is the configured
/// one. Without a path, as Terraform would print the line.
pub(super) fn holds_key(
    setting: ConfigSetting,
    key: Option<&str>,
    what: &str,
) -> Option<Diagnostic> {
    if !misplaced_key::holds_encoded_key(setting.text, key) {
        return None;
    }
    let place = match setting.origin {
        SettingSource::Attribute(name) => format!("`{name}`"),
        SettingSource::Variable(name) => format!("The environment variable {name}"),
    };
    let detail = format!(
        "{place} contains an API key, but it takes {what}. The key belongs only in `{API_KEY}` or \
         in the environment variable {}. The value is not shown here. Since it may have been \
         stored, consider replacing the key.",
        KEY_VARIABLES[0]
    );
    Some(Diagnostic::error(summary(setting.origin.name()), detail))
}

/// Any other reason why no client can be made.
pub(super) fn client(error: &ConfigError) -> Diagnostic {
    let attribute = match error {
        ConfigError::Header { name: "HTTP-Referer" } => HTTP_REFERER,
        ConfigError::Header { name: "X-OpenRouter-Title" } => TITLE,
        ConfigError::Header { name: "X-OpenRouter-Categories" } => CATEGORIES,
        ConfigError::Header { name: "User-Agent" } => {
            // All else in that header is our own.
            let detail = format!(
                "The environment variable {USER_AGENT_VARIABLE} contains a line break or another \
                 character that is not printable ASCII, and cannot be sent in an HTTP header. \
                 Correct or unset it."
            );
            return Diagnostic::error(summary(USER_AGENT_VARIABLE), detail);
        }
        _ => return Diagnostic::error("Invalid provider configuration", sentence(error)),
    };
    Diagnostic::error(summary(attribute), sentence(error)).at(Path::attribute(attribute))
}

/// No key anywhere.
pub(super) fn missing_key() -> Diagnostic {
    let detail = format!(
        "Set `{API_KEY}` in the provider block, or the environment variable {}. It must be a \
         management key. Create one at OpenRouter under Settings > Management Keys.",
        KEY_VARIABLES.join(" or ")
    );
    Diagnostic::error("Missing API key", detail).at(Path::attribute(API_KEY))
}

/// The error as a whole sentence.
fn sentence(error: &ConfigError) -> String {
    let text = error.to_string();
    let (first, rest) = text.split_at(1);
    format!("{}{rest}.", first.to_uppercase())
}

fn summary(name: &str) -> String {
    format!("Invalid provider configuration: `{name}`")
}

/// Whether a text that should be an address could hold a password or another API's key: it has user
/// info, a query or a fragment, or it is no URL and has a word as long as a key.
fn may_hold_secret(text: &str) -> bool {
    const KEY_LENGTH: usize = 16;
    let is_separator = |c: char| !c.is_alphanumeric() && !matches!(c, '-' | '_' | '+' | '=');
    let has_long_word = || text.split(is_separator).any(|word| word.len() >= KEY_LENGTH);
    text.contains(['@', '?', '#']) || (!text.contains("://") && has_long_word())
}

impl SettingSource {
    fn name(self) -> &'static str {
        match self {
            Self::Attribute(name) | Self::Variable(name) => name,
        }
    }
}
