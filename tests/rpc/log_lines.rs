//! Standard error, as go-plugin's host reads it.

use serde_json::{Map, Value};

use crate::harness::{Provider, Start};

/// The longest line that the host reads as one.
const LINE_LIMIT: usize = 64 << 10;

/// What go-plugin does with a line: an object whose `@` fields are strings (it panics on others),
/// whose time has exactly six fractional digits. It takes anything else for plain text.
fn parse(line: &str) -> Map<String, Value> {
    assert!(line.len() < LINE_LIMIT);
    let Ok(Value::Object(entry)) = serde_json::from_str(line) else {
        panic!("not an object: {line}")
    };
    let text =
        |name: &str| entry[name].as_str().unwrap_or_else(|| panic!("{name} is no string: {line}"));
    assert!(matches!(text("@level"), "trace" | "debug" | "info" | "warn" | "error"), "{line}");
    assert!(!text("@message").is_empty() && text("@module").starts_with("openrouter"), "{line}");
    let (_, fraction) = text("@timestamp").split_once('.').expect("there is a fraction");
    assert!(fraction.len() == 7 && fraction.ends_with('Z'), "{line}");
    assert!(fraction[..6].bytes().all(|digit| digit.is_ascii_digit()), "{line}");
    entry
}

async fn stderr_of(start: Start) -> String {
    let mut provider: Provider = start.connectable().await;
    drop(provider.channel().await);
    provider.shutdown().await.1
}

#[tokio::test]
async fn every_line_is_one_that_the_host_can_read() {
    let stderr = stderr_of(Start::new().variable("TF_LOG", "trace")).await;
    let messages: Vec<_> = stderr.lines().map(|line| parse(line)["@message"].clone()).collect();
    assert!(messages.contains(&Value::from("serving")), "{stderr}");
}

#[tokio::test]
async fn nothing_is_logged_unless_it_is_asked_for() {
    assert_eq!(stderr_of(Start::new()).await, "");
    let quiet =
        Start::new().variable("TF_LOG", "trace").variable("TF_LOG_PROVIDER_OPENROUTER", "off");
    assert_eq!(stderr_of(quiet).await, "");
}
