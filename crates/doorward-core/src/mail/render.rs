use std::{path::Path, sync::OnceLock};

use minijinja::{AutoEscape, Environment, Output, State, UndefinedBehavior, Value, escape_formatter};
use serde_json::Map;

use super::Template;
use crate::Error;

/// The largest template of one's own, in bytes.
const MAX_TEMPLATE_BYTES: u64 = 262_144;

/// The embedded files of these templates: text and HTML, in each language.
macro_rules! embedded {
    ($($name:literal),+) => {
        &[$(
            (concat!($name, ".en.txt"), include_str!(concat!("templates/", $name, ".en.txt"))),
            (concat!($name, ".en.html"), include_str!(concat!("templates/", $name, ".en.html"))),
            (concat!($name, ".zh.txt"), include_str!(concat!("templates/", $name, ".zh.txt"))),
            (concat!($name, ".zh.html"), include_str!(concat!("templates/", $name, ".zh.html"))),
        )+]
    };
}

const EMBEDDED: &[(&str, &str)] = embedded!(
    "confirm",
    "registered_again",
    "invitation",
    "reset_password",
    "password_changed",
    "confirm_new_email",
    "email_changed",
    "new_device",
    "deletion_requested",
    "deleted",
    "test"
);

/// What the HTML of every mail is built of.
const PARTS: &[(&str, &str)] =
    &[("layout.html", include_str!("templates/layout.html")), ("button.html", include_str!("templates/button.html"))];

/// The languages that there are templates in.
pub const LANGUAGES: &[&str] = &["en", "zh"];

/// The templates: Doorward's own, and those of the folder `mail.templates` in their place.
pub struct Templates {
    /// Made when the first mail needs it, where there are none of one's own to try out: most starts send none.
    environment: OnceLock<Environment<'static>>,
}

/// A mail as it reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The subject, one line.
    pub subject: String,
    /// The text.
    pub text: String,
    /// The same as HTML.
    pub html: String,
}

impl Templates {
    /// Reads the templates. Those of a folder are tried out, so that a mistake in one is found now and
    /// not by somebody who waits for the mail.
    ///
    /// # Errors
    /// [`Error::Startup`] names the file and what is wrong with it.
    pub fn open(folder: Option<&Path>) -> Result<Self, Error> {
        let Some(folder) = folder else { return Ok(Self { environment: OnceLock::new() }) };
        let mut environment = ours();
        override_from(&mut environment, folder)?;
        let templates = Self { environment: environment.into() };
        templates.try_out(folder)?;
        Ok(templates)
    }

    fn try_out(&self, folder: &Path) -> Result<(), Error> {
        for template in Template::ALL {
            for language in LANGUAGES {
                let variables = template.sample(language, "https://users.example.com");
                self.try_render(*template, language, "Example", &variables).map_err(|wrong| broken(folder, &wrong))?;
            }
        }
        Ok(())
    }

    /// The mail of this template, in the language nearest to `language`.
    ///
    /// # Errors
    /// [`Error::Internal`] where a variable is missing that the template needs.
    pub fn render(
        &self,
        template: Template,
        language: &str,
        service: &str,
        variables: &Map<String, serde_json::Value>,
    ) -> Result<Rendered, Error> {
        self.try_render(template, language, service, variables)
            .map_err(|wrong| Error::Internal(format!("mail: {wrong}")))
    }

    fn try_render(
        &self,
        template: Template,
        language: &str,
        service: &str,
        variables: &Map<String, serde_json::Value>,
    ) -> Result<Rendered, String> {
        let language = nearest(language);
        let mut context: Vec<(String, Value)> =
            variables.iter().map(|(name, value)| (name.clone(), to_value(value))).collect();
        context.push(("service".to_owned(), one_line(service).into()));
        context.push(("language".to_owned(), language.into()));
        let of = |context: &[(String, Value)], extension: &str| {
            let name = format!("{}.{language}.{extension}", template.name());
            let values = Value::from_pairs(context.iter().cloned());
            self.environment
                .get_or_init(ours)
                .get_template(&name)
                .and_then(|it| it.render(values))
                .map_err(|error| tell(&error))
        };
        let text = of(&context, "txt")?;
        let (first, body) = text.split_once('\n').unwrap_or((&text, ""));
        let subject = first
            .strip_prefix("Subject:")
            .map(|subject| one_line(subject).trim().to_owned())
            .filter(|subject| !subject.is_empty())
            .ok_or_else(|| format!("the first line of {}.{language}.txt must be `Subject: …`", template.name()))?;
        let text = body.trim_start_matches(['\r', '\n']).to_owned();
        context.push(("subject".to_owned(), subject.as_str().into()));
        let html = of(&context, "html")?;
        Ok(Rendered { subject, text, html })
    }
}

/// Doorward's own templates, each parsed when it is first needed.
fn ours() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    environment.set_formatter(escape);
    environment.set_loader(|name| Ok(embedded(name).map(str::to_owned)));
    environment
}

fn override_from(environment: &mut Environment<'static>, folder: &Path) -> Result<(), Error> {
    let unreadable = |error: std::io::Error| {
        Error::startup(
            format!("the folder {} of `mail.templates` can't be read: {error}", folder.display()),
            "make it readable for Doorward's user, or leave the setting out",
        )
    };
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        if !has_extension(&path) {
            continue;
        }
        if embedded(&name).is_none() && !name.starts_with('_') {
            return Err(Error::startup(
                format!("no mail has the template {}", path.display()),
                "name it like one of Doorward's, such as `confirm.en.html`; \
                 parts of your own begin with `_`",
            ));
        }
        let length = std::fs::metadata(&path).map_err(unreadable)?.len();
        if length > MAX_TEMPLATE_BYTES {
            return Err(Error::startup(
                format!("the template {} is larger than {MAX_TEMPLATE_BYTES} bytes", path.display()),
                "shorten it; link to pictures rather than embed them",
            ));
        }
        let source = std::fs::read_to_string(&path).map_err(unreadable)?;
        environment.add_template_owned(name, source).map_err(|error| broken(&path, &tell(&error)))?;
    }
    Ok(())
}

fn embedded(name: &str) -> Option<&'static str> {
    EMBEDDED.iter().chain(PARTS).find(|(known, _)| *known == name).map(|(_, source)| *source)
}

fn has_extension(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "txt" || extension == "html")
}

fn broken(path: &Path, wrong: &str) -> Error {
    Error::startup(
        format!("the mail templates in {} are not right: {wrong}", path.display()),
        "correct it, and look at it with `doorward mail preview`",
    )
}

/// With the reasons behind it: the outer error of a template often says only where.
fn tell(error: &minijinja::Error) -> String {
    let mut words = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        words = format!("{words}: {inner}");
        source = inner.source();
    }
    words
}

/// As minijinja does, but for `/`: it need not be escaped (HTML §13.3), and programs that look for links
/// in mails do not all know `&#x2f;`.
fn escape(output: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), minijinja::Error> {
    let text = match (state.auto_escape(), value.as_str()) {
        (AutoEscape::Html, Some(text)) if !value.is_safe() => text,
        _ => return escape_formatter(output, state, value),
    };
    for character in text.chars() {
        match character {
            '&' => output.write_str("&amp;")?,
            '<' => output.write_str("&lt;")?,
            '>' => output.write_str("&gt;")?,
            '"' => output.write_str("&quot;")?,
            '\'' => output.write_str("&#39;")?,
            other => output.write_str(other.encode_utf8(&mut [0; 4]))?,
        }
    }
    Ok(())
}

fn nearest(language: &str) -> &'static str {
    if language.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("zh")) { "zh" } else { "en" }
}

fn to_value(value: &serde_json::Value) -> Value {
    match value {
        serde_json::Value::Null => Value::from(()),
        serde_json::Value::Bool(truth) => Value::from(*truth),
        serde_json::Value::Number(number) => {
            number.as_i64().map_or_else(|| Value::from(number.to_string()), Value::from)
        }
        serde_json::Value::String(text) => Value::from(one_line(text)),
        other => Value::from(one_line(&other.to_string())),
    }
}

/// Without what ends a line, or turns it around: what people call themselves must not become a header,
/// or another paragraph of the mail.
pub(super) fn one_line(text: &str) -> String {
    let acts = |character: char| {
        character.is_control()
            || matches!(character, '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|character| if acts(character) { ' ' } else { character }).collect()
}

impl std::fmt::Debug for Templates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Templates").finish_non_exhaustive()
    }
}
