use doorward_core::{
    Language,
    settings::{HttpStatus, Settings},
};
use http::{
    HeaderMap,
    header::{ACCEPT, ACCEPT_LANGUAGE},
};

/// How a client wants to be told of errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Preferences {
    pub(crate) language: Language,
    pub(crate) problem_json: bool,
    pub(crate) always_200: bool,
}

impl Preferences {
    pub(crate) fn of(headers: &HeaderMap, settings: &Settings) -> Self {
        let accept = text(headers, &ACCEPT);
        Self {
            language: language(text(headers, &ACCEPT_LANGUAGE)),
            problem_json: accept.split(',').any(|range| {
                let mut parts = range.split(';').map(str::trim);
                parts.next().is_some_and(|t| t.eq_ignore_ascii_case("application/problem+json"))
                    && !parts.any(is_zero_weight)
            }),
            always_200: settings.http_status == HttpStatus::Always200,
        }
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &http::HeaderName) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn is_zero_weight(parameter: &str) -> bool {
    weight(parameter) == Some(0)
}

/// A weight of `q=` in thousandths (RFC 9110 §12.4.2).
fn weight(parameter: &str) -> Option<u32> {
    let value = parameter.strip_prefix("q=").or_else(|| parameter.strip_prefix("Q="))?;
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    let valid = matches!(whole, "0" | "1") && fraction.len() <= 3 && fraction.bytes().all(|byte| byte.is_ascii_digit());
    valid.then(|| {
        let thousandths = format!("{fraction:0<3}").parse().unwrap_or(0);
        (whole.parse::<u32>().unwrap_or(0) * 1000 + thousandths).min(1000)
    })
}

/// The language of `Accept-Language` (RFC 9110 §12.5.4) that Doorward speaks and that is wanted most.
/// Without the header, the Flask system's words.
fn language(accepted: &str) -> Language {
    let mut best = (0, Language::Flask);
    for range in accepted.split(',').take(32) {
        let mut parts = range.split(';').map(str::trim);
        let tag = parts.next().unwrap_or_default().to_ascii_lowercase();
        let weight = parts.find_map(weight).unwrap_or(1000);
        let language = match tag.split('-').next() {
            Some("zh") => Language::Chinese,
            Some("en" | "*") => Language::English,
            _ => continue,
        };
        if weight > best.0 {
            best = (weight, language);
        }
    }
    if best.0 == 0 && !accepted.trim().is_empty() { Language::English } else { best.1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_that_is_wanted_most_is_spoken() {
        for (accepted, spoken) in [
            ("", Language::Flask),
            ("en", Language::English),
            ("zh-CN,zh;q=0.9,en;q=0.8", Language::Chinese),
            ("en;q=0.5, zh;q=0.7", Language::Chinese),
            ("de", Language::English),
            ("*", Language::English),
            ("zh;q=0", Language::English),
            ("zh;q=banana", Language::Chinese),
            (";;;,,,q=1", Language::English),
        ] {
            assert_eq!(language(accepted), spoken, "{accepted}");
        }
    }
}
