use std::{fmt, str::FromStr};

use super::NormalPath;

/// Which paths a rule is for: `/exact`, `/one/*/segment`, `/everything/below/**`. A slash at the end makes no difference,
/// neither here nor in the path: most servers answer both alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathPattern {
    parts: Vec<Part>,
    /// Whether whatever follows the parts is meant too, and nothing at all.
    and_below: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    /// This segment, decoded.
    Exactly(String),
    /// Any one segment.
    Any,
}

/// Why a text is no pattern of paths.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{pattern}` is no pattern of paths: {why}")]
pub struct NoPathPattern {
    pattern: String,
    why: String,
}

impl PathPattern {
    /// Whether the path is meant.
    pub fn matches(&self, path: &NormalPath) -> bool {
        let segments = path.segments();
        let enough =
            if self.and_below { segments.len() >= self.parts.len() } else { segments.len() == self.parts.len() };
        enough
            && self.parts.iter().zip(segments).all(|(part, segment)| match part {
                Part::Exactly(text) => text == segment,
                Part::Any => true,
            })
    }
}

impl FromStr for PathPattern {
    type Err = NoPathPattern;

    fn from_str(pattern: &str) -> Result<Self, NoPathPattern> {
        let refuse = |why: &str| {
            let pattern = pattern.chars().take(80).flat_map(char::escape_debug).collect();
            Err(NoPathPattern { pattern, why: why.to_owned() })
        };
        let (fixed, and_below) = match pattern.strip_suffix("/**") {
            Some(fixed) => (fixed, true),
            None => (pattern, false),
        };
        let fixed = if fixed.is_empty() && and_below { "/" } else { fixed };
        // It is written as the path is: what would never be read of a request is no pattern either.
        let path = match NormalPath::parse(fixed) {
            Ok(path) => path,
            Err(why) => return refuse(&why.to_string()),
        };
        let mut parts = Vec::new();
        for segment in path.segments() {
            parts.push(match segment {
                "*" => Part::Any,
                text if text.contains('*') => {
                    return refuse("`*` stands for one whole segment, and `**` for all that follows, at the end");
                }
                text => Part::Exactly(text.to_owned()),
            });
        }
        Ok(Self { parts, and_below })
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in &self.parts {
            match part {
                Part::Any => f.write_str("/*")?,
                Part::Exactly(text) => {
                    f.write_str("/")?;
                    for character in text.chars() {
                        // What `NormalPath` takes as it is.
                        if character.is_ascii_graphic() && character != '%' {
                            write!(f, "{character}")?;
                        } else {
                            for byte in character.encode_utf8(&mut [0; 4]).bytes() {
                                write!(f, "%{byte:02X}")?;
                            }
                        }
                    }
                }
            }
        }
        match (self.and_below, self.parts.is_empty()) {
            (true, _) => f.write_str("/**"),
            (false, true) => f.write_str("/"),
            (false, false) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, path: &str) -> bool {
        pattern.parse::<PathPattern>().unwrap().matches(&NormalPath::parse(path).unwrap())
    }

    #[test]
    fn exact_one_segment_and_all_below() {
        for (pattern, yes, no) in [
            ("/", &["/"][..], &["/a"][..]),
            ("/**", &["/", "/a", "/a/b/"], &[]),
            ("/admin", &["/admin", "/admin/", "/%61dmin"], &["/", "/admin/x", "/Admin", "/administrator"]),
            ("/admin/", &["/admin", "/admin/"], &["/admin/x"]),
            ("/admin/**", &["/admin", "/admin/", "/admin/x/y"], &["/administrator", "/"]),
            ("/users/*/keys", &["/users/42/keys", "/users/%2A/keys"], &["/users/keys", "/users/1/2/keys"]),
            ("/*/x/**", &["/a/x", "/b/x/y/z"], &["/a", "/x"]),
            ("/%E7%8E%8B/100%25", &["/%e7%8e%8b/100%25/"], &["/100%25"]),
        ] {
            for path in yes {
                assert!(matches(pattern, path), "{pattern} is not for {path}");
            }
            for path in no {
                assert!(!matches(pattern, path), "{pattern} is for {path}");
            }
            let shown = pattern.parse::<PathPattern>().unwrap().to_string();
            assert_eq!(shown.parse::<PathPattern>(), pattern.parse(), "{shown}");
        }
    }

    #[test]
    fn what_can_never_match_is_told_at_once() {
        for pattern in ["", "admin", "/a//b", "/a/../b", "/a*", "/**/a", "/a/**b", "/a;b", "/a%2fb", "**", "/a?b"] {
            assert!(pattern.parse::<PathPattern>().is_err(), "{pattern}");
        }
    }
}
