use std::fmt;

use doorward_guard::Identity;
use http::Method;

use super::{HostPattern, Original, PathPattern, Require, Unforwarded};
use crate::{Error, api_key, role::Permissions};

/// A line of `forward_auth.rules`: which requests it is for, and whom it lets in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The hosts; at least one.
    pub hosts: Vec<HostPattern>,
    /// The paths; at least one.
    pub paths: Vec<PathPattern>,
    /// The methods; none for all. `GET` is `HEAD` too, as it is to most servers.
    pub methods: Vec<Method>,
    /// Whom it lets in.
    pub require: Require,
    /// For whom assertions are made (`aud`); by default the origin that was asked.
    pub audience: Option<String>,
}

impl Rule {
    /// Whether the request is one that this rule is for.
    pub fn matches(&self, original: &Original) -> bool {
        let method =
            |method: &Method| *method == original.method || *method == Method::GET && original.method == Method::HEAD;
        (self.methods.is_empty() || self.methods.iter().any(method))
            && self.hosts.iter().any(|pattern| pattern.matches(&original.host))
            && self.paths.iter().any(|pattern| pattern.matches(&original.path))
    }
}

/// The rule for a request, with its number from 1: the first that matches.
///
/// # Errors
/// [`Unforwarded::NoRule`]: what no rule is for is refused.
pub fn rule_for<'a>(rules: &'a [Rule], original: &Original) -> Result<(usize, &'a Rule), Unforwarded> {
    let found = rules.iter().enumerate().find(|(_, rule)| rule.matches(original));
    found.map(|(index, rule)| (index + 1, rule)).ok_or(Unforwarded::NoRule)
}

/// Whether a rule lets somebody in who is signed in: the credential reaches to the method, and they have what is required.
///
/// # Errors
/// What is missing.
pub fn admit(rule: &Rule, original: &Original, identity: &Identity, permissions: &Permissions) -> Result<(), Error> {
    api_key::within_scope(identity, &original.method)?;
    match &rule.require {
        Require::Anybody => Ok(()),
        Require::SignedIn(besides) => {
            besides.iter().try_for_each(|requirement| requirement.check(identity, permissions))
        }
    }
}

/// On one line, as a person reads it.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fn joined(items: impl IntoIterator<Item = impl ToString>) -> String {
            items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join(",")
        }
        let methods = if self.methods.is_empty() { "*".to_owned() } else { joined(&self.methods) };
        let (hosts, paths) = (joined(&self.hosts), joined(&self.paths));
        write!(f, "{methods} {hosts} {paths}: {}", self.require.words().join(" and "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(methods: &[&str], host: &str, path: &str, require: &str) -> Rule {
        Rule {
            hosts: vec![host.parse().unwrap()],
            paths: vec![path.parse().unwrap()],
            methods: methods.iter().map(|method| method.parse().unwrap()).collect(),
            require: Require::parse([require]).unwrap(),
            audience: None,
        }
    }

    #[test]
    fn the_first_that_matches_counts_and_none_is_a_refusal() {
        let rules = [
            rule(&["GET"], "*.example.com", "/admin/**", "role:admin"),
            rule(&[], "app.example.com", "/**", "signed-in"),
        ];
        let number = |method, url| rule_for(&rules, &Original::of_url(method, url).unwrap()).map(|(number, _)| number);
        assert_eq!(number("GET", "https://app.example.com/admin"), Ok(1));
        assert_eq!(number("HEAD", "https://app.example.com/admin/x"), Ok(1));
        assert_eq!(number("POST", "https://app.example.com/admin"), Ok(2));
        assert_eq!(number("GET", "https://other.example.com/"), Err(Unforwarded::NoRule));
        assert_eq!(number("GET", "https://evil.example/admin"), Err(Unforwarded::NoRule));
        assert_eq!(rules[0].to_string(), "GET *.example.com /admin/**: role:admin");
    }
}
