//! `cargo xtask demo --picture`: draws the plan of the README's configuration, as a terminal shows it. Owns what is run and
//! how a terminal's output becomes an image; the same plan gives the same image to the letter.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::console;
use crate::host::uncoloured;

/// Where the image is.
pub(super) const PICTURE: &str = "docs/images/plan.svg";

const README: &str = "README.md";
const COMMAND: &str = "terraform plan";

/// What the plan begins with; before it is how Terraform gets there.
const BEGINNING: &str = "Terraform will perform";

/// Sizes in pixels: of a character, a line, and the room around the text.
const CHARACTER: f64 = 7.8;
const LINE: usize = 18;
const MARGIN: usize = 18;
const TITLE_BAR: usize = 30;

/// The configuration that the README shows.
pub(super) fn configuration(root: &Path) -> Result<String> {
    let readme = fs::read_to_string(root.join(README)).context("cannot read README.md")?;
    let block = readme.split_once("```terraform\n").and_then(|(_, rest)| rest.split_once("```"));
    Ok(block.context("README.md shows no configuration")?.0.to_owned())
}

/// Runs the commands, and draws what the second one prints.
pub(super) fn draw(root: &Path, mut init: Command, mut plan: Command) -> Result<()> {
    output(init.args(["init", "-no-color"]))?;
    console::command_line(&[COMMAND]);
    let printed = output(plan.arg("plan"))?;
    print!("{printed}");
    let lines = lines(&printed)?;
    let path = root.join(PICTURE);
    fs::write(&path, svg(&lines)).with_context(|| format!("cannot write {}", path.display()))?;
    println!("wrote {PICTURE}");
    Ok(())
}

fn output(command: &mut Command) -> Result<String> {
    let output = command.output().context("cannot run Terraform")?;
    if !output.status.success() {
        bail!("Terraform failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    String::from_utf8(output.stdout).context("Terraform printed what is no text")
}

/// The plan itself.
fn lines(printed: &str) -> Result<Vec<&str>> {
    let lines: Vec<_> = printed.trim_end().lines().collect();
    let first = lines.iter().position(|line| line.contains(BEGINNING));
    let first = first.context("this is no plan of Terraform's; OpenTofu has other words")?;
    let last = lines.iter().rposition(|line| uncoloured(line).starts_with("Plan: "));
    let last = last.context("the plan changes nothing")?;
    Ok(lines[first..=last].to_vec())
}

/// The image of a terminal, with colours of its own: it looks the same on a light and on a dark page.
fn svg(lines: &[&str]) -> String {
    let prompt = format!("$ {COMMAND}");
    let shown: Vec<&str> = [prompt.as_str(), ""].into_iter().chain(lines.iter().copied()).collect();
    let longest = shown.iter().map(|line| uncoloured(line).chars().count()).max().unwrap_or(0);
    let longest = f64::from(u32::try_from(longest).unwrap_or(u32::MAX));
    let width = (longest * CHARACTER).ceil() + 2.0 * f64::from(u32::try_from(MARGIN).unwrap_or(0));
    let height = TITLE_BAR + shown.len() * LINE + MARGIN;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         role=\"img\" xml:space=\"preserve\">\n<title>{COMMAND}</title>\n<style>\n{STYLE}</style>\n\
         <rect x=\"0.5\" y=\"0.5\" width=\"{}\" height=\"{}\" rx=\"8\" fill=\"#161b22\" stroke=\"#6e7681\"/>\n{BUTTONS}",
        width - 1.0,
        height - 1,
    );
    for (index, line) in shown.iter().enumerate().filter(|(_, line)| !uncoloured(line).is_empty()) {
        let y = TITLE_BAR + (index + 1) * LINE - 4;
        let _ = writeln!(svg, "<text x=\"{MARGIN}\" y=\"{y}\">{}</text>", spans(line));
    }
    svg + "</svg>\n"
}

const STYLE: &str = "text { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace; \
    fill: #e6edf3; }\n.bold { font-weight: bold; }\n.green { fill: #3fb950; }\n";

const BUTTONS: &str = "<g fill=\"#6e7681\"><circle cx=\"20\" cy=\"16\" r=\"5\"/><circle cx=\"38\" cy=\"16\" r=\"5\"/>\
    <circle cx=\"56\" cy=\"16\" r=\"5\"/></g>\n";

/// A line with each part in the style that the terminal's control sequences give it.
fn spans(line: &str) -> String {
    let mut spans = String::new();
    let (mut bold, mut green) = (false, false);
    for part in format!("\u{1b}[0m{line}").split("\u{1b}[").skip(1) {
        let (code, text) = part.split_once('m').unwrap_or_default();
        match code {
            "1" => bold = true,
            "32" => green = true,
            _ => (bold, green) = (false, false),
        }
        let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let styles: Vec<_> = [(bold, "bold"), (green, "green")]
            .into_iter()
            .filter_map(|(is_set, name)| is_set.then_some(name))
            .collect();
        if text.is_empty() || styles.is_empty() {
            spans.push_str(&text);
        } else {
            let _ = write!(spans, "<tspan class=\"{}\">{text}</tspan>", styles.join(" "));
        }
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRINTED: &str = "\u{1b}[0m\u{1b}[1mReading...\u{1b}[0m\n\nTerraform will perform:\n\u{1b}[1m  # a.b\u{1b}[0m\n  \
        \u{1b}[32m+\u{1b}[0m\u{1b}[0m x = \"<&>\"\n\n\u{1b}[1mPlan:\u{1b}[0m 1 to add.\n\u{1b}[0m";

    #[test]
    fn the_plan_alone_is_drawn_with_its_colours() {
        let lines = lines(PRINTED).unwrap();
        assert_eq!(lines.len(), 5);
        let svg = svg(&lines);
        for part in [
            ">$ terraform plan</text>",
            ">Terraform will perform:</text>",
            "><tspan class=\"bold\">  # a.b</tspan></text>",
            ">  <tspan class=\"green\">+</tspan> x = \"&lt;&amp;&gt;\"</text>",
            "><tspan class=\"bold\">Plan:</tspan> 1 to add.</text>",
        ] {
            assert!(svg.contains(part), "{part} is missing in {svg}");
        }
        assert!(!svg.contains("Reading") && !svg.contains('\u{1b}'));
    }

    #[test]
    fn what_is_no_plan_is_refused() {
        assert!(lines("OpenTofu will do something else\n").is_err());
        assert!(lines("No changes.\n").is_err());
    }
}
