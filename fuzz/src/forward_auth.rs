//! What a proxy tells of a request: an input is method, scheme, host and target, a line each.

use doorward_core::forward_auth::{HostPattern, Original, PathPattern};

/// Pieces of requests.
pub const WORDS: &[&str] = &[
    "GET\n",
    "https\n",
    "app.example.com\n",
    "/admin",
    "/public",
    "/",
    "//",
    "..",
    "%2e",
    "%2F",
    "%5c",
    "\\",
    ";x",
    "%3b",
    "%00",
    "%25",
    "%252e",
    "%c0%af",
    "%u0061",
    "?",
    "#",
    "*",
    "/**",
    "[::1]",
    ":8443",
    "xn--",
    "%E7%8E%8B",
];

/// What is read has one spelling, is read from it again, and is matched by its own spelling alone.
///
/// # Panics
/// Where it isn't.
pub fn run(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let mut lines = text.splitn(4, '\n');
    let mut line = || lines.next().unwrap_or_default();
    let (method, scheme, host, target) = (line(), line(), line(), line());
    for text in [host, target] {
        if let Ok(pattern) = text.parse::<PathPattern>() {
            assert_eq!(pattern.to_string().parse().as_ref(), Ok(&pattern), "a pattern has two spellings");
        }
        if let Ok(pattern) = text.parse::<HostPattern>() {
            assert_eq!(pattern.to_string().parse().as_ref(), Ok(&pattern), "a host has two spellings");
        }
    }
    let Ok(original) = Original::read(method, scheme, host, target) else { return };
    let spelled = original.to_string();
    assert!(spelled.bytes().all(|byte| byte.is_ascii_graphic()), "{spelled:?} makes a header");
    assert_eq!(Original::of_url(method, &spelled).as_ref(), Ok(&original), "{spelled} is read otherwise");

    for segment in original.path.segments() {
        assert!(!matches!(segment, "" | "." | ".."), "{segment:?} is left in the path");
        let separates = |c: char| c.is_control() || matches!(c, '/' | '\\' | ';' | '?' | '#');
        assert!(!segment.contains(separates), "{segment:?} separates");
    }
    let everything: PathPattern = "/**".parse().expect("a pattern");
    assert!(everything.matches(&original.path));
    let own = original.path.to_string();
    if let Ok(pattern) = own.parse::<PathPattern>() {
        assert!(pattern.matches(&original.path), "{own} is not its own pattern");
    } else {
        assert!(own.contains("%2A"), "{own} is no pattern");
    }
}

/// Honest requests and others.
pub fn seeds() -> Vec<Vec<u8>> {
    [
        "GET\nhttps\napp.example.com\n/",
        "GET\nhttps\napp.example.com:8443\n/a/b?c=d",
        "POST\nhttp\n127.0.0.1:8081\n/%61dmin/",
        "GET\nhttps\n[::1]:443\n/%E7%8E%8B/100%25",
        "GET\nhttps\napp.example.com\n/public/%2e%2e/admin",
        "GET\nhttps\napp.example.com\n//admin;x",
        "GET\nhttps\napp.example.com\n/a%2Fb",
        "GET\nhttps\n*.example.com\n/users/*/keys/**",
        "get\nHTTPS\nAPP.example.com.\n/",
        "OPTIONS\nhttps\napp.example.com\n*",
        "GET\nhttps\nroot@app.example.com\nhttp://b/",
    ]
    .map(|text| text.as_bytes().to_vec())
    .into()
}
