//! The generated files: `docs/configuration.md` and `doorward.example.toml`.

use std::fmt::Write as _;

use super::check::{Severity, production_rules};
use super::declare::{Declaration, Section};
use super::environment::NOT_SETTINGS;
use super::table::{Settings, sections};

const INTRODUCTION: &str = "\
# Configuration

<!-- Made from the declarations in crates/doorward-core/src/settings/table.rs. Don't edit. -->

Doorward runs without any configuration. Every setting has a default; what differs from it comes,
each layer over the one before, from

1. the file `doorward.toml` in the working directory, or the one named by `--config` or
   `DOORWARD_CONFIG`;
2. the environment: `token.format` is `DOORWARD_TOKEN__FORMAT`;
3. the command line.

`doorward config show` prints every value with where it came from, secrets masked;
`doorward config check` says what is wrong or insecure, and how to mend it. An unknown name is an
error, in any layer. [`doorward.example.toml`](../doorward.example.toml) lists every setting to
copy from.

- **Lists** are comma-separated in the environment: `DOORWARD_LISTEN=127.0.0.1:8080,unix:/run/doorward.sock`.
  An entry with a comma in it has to stand in a file.
- **Optional** settings are unset by an empty value.
- **Truth values** may also be `1`/`0`, `yes`/`no` and `on`/`off` in the environment.
- **Secrets** can stand in files: `DOORWARD_TOKEN__SECRET_KEYS_FILE` names a file with one key a
  line. Let only Doorward's user read it (`chmod 600`).
- **Paths** are relative to the working directory.
";

/// `docs/configuration.md`, from the declarations.
pub fn reference_markdown() -> String {
    let mut page = INTRODUCTION.to_owned();
    page.push_str("\nThese variables are no settings:\n\n");
    for (name, text) in NOT_SETTINGS {
        let _ = writeln!(page, "- `{name}`: {text}");
    }
    profiles(&mut page);
    for section in sections() {
        let title = if section.name.is_empty() { "The top of the file" } else { &section.name };
        let _ = write!(page, "\n## {title}\n\n{}\n", joined(section.lines));
        for setting in &section.settings {
            entry(&mut page, setting);
        }
    }
    page
}

fn profiles(page: &mut String) {
    page.push_str(
        "\n## Profiles\n\n\
         `profile` chooses defaults: `development` has those named below, `testing` differs where it \
         says so. Under `production` Doorward doesn't start when\n\n",
    );
    rules(page, Severity::Error);
    page.push_str("\nand warns when\n\n");
    rules(page, Severity::Warning);
}

fn rules(page: &mut String, severity: Severity) {
    for rule in production_rules().iter().filter(|rule| rule.severity == severity) {
        let _ = writeln!(page, "- `{}` {}. {}", rule.key, rule.message, rule.way_out);
    }
}

fn entry(page: &mut String, setting: &Declaration) {
    let _ = write!(page, "\n### `{}`\n\n{}\n\n", setting.key, setting.description());
    let default = match setting.otherwise {
        Some(otherwise) => otherwise.to_owned(),
        None => default_toml(setting).map_or("not set".to_owned(), |value| format!("`{value}`")),
    };
    let _ = write!(page, "- Default: {default}");
    for (profile, value) in &setting.profiles {
        let _ = write!(page, "; profile `{profile}`: `{value}`");
    }
    let _ = writeln!(page, "\n- Takes: {}", setting.takes());
    let _ = write!(page, "- Environment: `{}`", setting.environment());
    if let Some(file) = setting.environment_file() {
        let _ = write!(page, ", or `{file}` for a file that holds it");
    }
    page.push('\n');
    if setting.rules.secret {
        page.push_str("- Secret: masked wherever it is shown\n");
    }
}

/// `doorward.example.toml`, from the declarations: every setting, commented out, at its default.
/// What has no default stands as an example.
pub fn example_toml() -> String {
    let mut file = "\
# Every setting of Doorward at its default. Copy what you change into doorward.toml.
# docs/configuration.md says more. Made from the declarations; don't edit.
"
    .to_owned();
    for section in sections() {
        example_section(&mut file, section);
    }
    file
}

fn example_section(file: &mut String, section: &Section) {
    file.push('\n');
    comment(file, &joined(section.lines));
    if !section.name.is_empty() {
        let _ = writeln!(file, "[{}]", section.name);
    }
    for setting in &section.settings {
        file.push('\n');
        comment(file, &setting.description());
        let takes = setting.takes();
        let mut facts = format!("{}{}.", takes[..1].to_uppercase(), &takes[1..]);
        for (profile, value) in &setting.profiles {
            let _ = write!(facts, " Under profile `{profile}`: {value}.");
        }
        comment(file, &facts);
        let name = setting.key.rsplit('.').next().unwrap_or(setting.key);
        let value = setting.example.map(str::to_owned).or_else(|| default_toml(setting));
        let _ = writeln!(file, "#{name} = {}", value.unwrap_or_default());
    }
}

fn default_toml(setting: &Declaration) -> Option<String> {
    (setting.give)(&Settings::default()).toml()
}

fn joined(lines: &[&str]) -> String {
    lines.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ")
}

/// Comment lines of at most a hundred columns.
fn comment(file: &mut String, text: &str) {
    let mut column = 0;
    for word in text.split(' ') {
        let width = word.chars().count() + 1;
        if column == 0 || column + width > 100 {
            file.push_str(if column == 0 { "#" } else { "\n#" });
            column = 1;
        }
        let _ = write!(file, " {word}");
        column += width;
    }
    file.push('\n');
}
