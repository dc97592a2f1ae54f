use std::fmt;

/// The longest path that is looked at, in bytes. Proxies and servers take about as much.
const MOST_BYTES: usize = 8 * 1024;

/// The path of a request, decoded once, with one reading only: whichever way a server decodes, joins and resolves, it
/// serves this path or none. What could be read in two ways is no `NormalPath`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NormalPath {
    /// Decoded; none of them empty.
    segments: Vec<String>,
    /// Whether a slash stands at the end.
    folder: bool,
}

/// Why a path can be read in more than one way. Never holds anything of the path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Ambiguity {
    /// It doesn't begin with a slash.
    #[error("it doesn't begin with a slash")]
    Relative,
    /// It is longer than 8 KiB.
    #[error("it is too long")]
    TooLong,
    /// A character that no URI has (RFC 3986 §2), or a `#`.
    #[error("a character that no path has")]
    Character,
    /// A `%` without two hexadecimal digits behind it.
    #[error("a % that encodes nothing")]
    Percent,
    /// What it encodes is not UTF-8: overlong forms are not either.
    #[error("encoded bytes that are not UTF-8")]
    NotUtf8,
    /// An encoded `/`, `\`, `;`, `?`, `#` or control character, which separates for some servers and not for others.
    #[error("an encoded separator or control character")]
    EncodedSeparator,
    /// It decodes to something encoded, which some servers decode once more.
    #[error("encoded twice")]
    EncodedTwice,
    /// A backslash, which is a slash to some servers.
    #[error("a backslash")]
    Backslash,
    /// A `;`: some servers drop what follows it.
    #[error("a semicolon, with parameters that some servers drop")]
    Parameters,
    /// Two slashes in a row, which are one to some servers.
    #[error("an empty segment")]
    EmptySegment,
    /// `.` or `..`, as they are or encoded.
    #[error("a dot segment")]
    DotSegment,
}

impl NormalPath {
    /// Reads the path of a request target, without its query.
    ///
    /// # Errors
    /// [`Ambiguity`] where servers could differ about it.
    pub fn parse(path: &str) -> Result<Self, Ambiguity> {
        if path.len() > MOST_BYTES {
            return Err(Ambiguity::TooLong);
        }
        let rest = path.strip_prefix('/').ok_or(Ambiguity::Relative)?;
        if rest.is_empty() {
            return Ok(Self { segments: Vec::new(), folder: true });
        }
        let (rest, folder) = rest.strip_suffix('/').map_or((rest, false), |rest| (rest, true));
        let segments = rest.split('/').map(segment).collect::<Result<_, _>>()?;
        Ok(Self { segments, folder })
    }

    /// The decoded segments; none of them is empty, and a slash at the end makes none.
    pub fn segments(&self) -> impl ExactSizeIterator<Item = &str> {
        self.segments.iter().map(String::as_str)
    }
}

fn segment(raw: &str) -> Result<String, Ambiguity> {
    if raw.is_empty() {
        return Err(Ambiguity::EmptySegment);
    }
    let decoded = decode(raw)?;
    if decoded == "." || decoded == ".." {
        return Err(Ambiguity::DotSegment);
    }
    if is_encoded(&decoded) {
        return Err(Ambiguity::EncodedTwice);
    }
    Ok(decoded)
}

fn decode(raw: &str) -> Result<String, Ambiguity> {
    let mut bytes = raw.bytes();
    let mut decoded = Vec::with_capacity(raw.len());
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                let digits = (bytes.next().and_then(hexadecimal), bytes.next().and_then(hexadecimal));
                let (Some(high), Some(low)) = digits else { return Err(Ambiguity::Percent) };
                match high << 4 | low {
                    b'/' | b'\\' | b';' | b'?' | b'#' | 0..=0x1f | 0x7f => return Err(Ambiguity::EncodedSeparator),
                    byte => byte,
                }
            }
            b'\\' => return Err(Ambiguity::Backslash),
            b';' => return Err(Ambiguity::Parameters),
            b'#' | b'?' => return Err(Ambiguity::Character),
            byte if byte.is_ascii_graphic() => byte,
            _ => return Err(Ambiguity::Character),
        });
    }
    let decoded = String::from_utf8(decoded).map_err(|_| Ambiguity::NotUtf8)?;
    // What stands for two bytes in Latin-1 is one control character in UTF-8.
    if decoded.contains(char::is_control) { Err(Ambiguity::EncodedSeparator) } else { Ok(decoded) }
}

fn hexadecimal(digit: u8) -> Option<u8> {
    // Two digits make no more than a byte.
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// Whether something in it would be decoded once more, also as `%u0041`, which some servers know.
fn is_encoded(text: &str) -> bool {
    let bytes = text.as_bytes();
    let hexadecimal = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_hexdigit);
    (0..bytes.len()).any(|at| {
        bytes[at] == b'%'
            && (hexadecimal(at + 1) && hexadecimal(at + 2)
                || bytes.get(at + 1).is_some_and(|next| matches!(next, b'u' | b'U')))
    })
}

/// The one spelling of the path: all but unreserved characters (RFC 3986 §2.3) encoded.
impl fmt::Display for NormalPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for segment in &self.segments {
            f.write_str("/")?;
            for byte in segment.bytes() {
                if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                    write!(f, "{}", char::from(byte))?;
                } else {
                    write!(f, "%{byte:02X}")?;
                }
            }
        }
        if self.folder { f.write_str("/") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn segments(path: &str) -> Result<Vec<String>, Ambiguity> {
        NormalPath::parse(path).map(|path| path.segments().map(str::to_owned).collect())
    }

    #[test]
    fn a_plain_path_is_itself() {
        assert_eq!(segments("/"), Ok(vec![]));
        assert_eq!(segments("/a/b"), Ok(vec!["a".into(), "b".into()]));
        assert_eq!(segments("/a/b/"), segments("/a/b"));
        assert_eq!(segments("/%61dmin"), Ok(vec!["admin".into()]));
        assert_eq!(segments("/%E7%8E%8B/100%25"), Ok(vec!["王".into(), "100%".into()]));
        assert_eq!(segments("/a.b/..c/...").unwrap().len(), 3);
        assert_eq!(
            NormalPath::parse("/a%2Db/%7e/x y".replace(' ', "%20").as_str()).unwrap().to_string(),
            "/a-b/~/x%20y"
        );
    }

    #[test]
    fn g1_what_servers_read_differently_is_refused() {
        use Ambiguity::{
            Backslash, Character, DotSegment, EmptySegment, EncodedSeparator, EncodedTwice, NotUtf8, Parameters,
            Percent, Relative, TooLong,
        };
        for (path, why) in [
            ("", Relative),
            ("admin", Relative),
            ("*", Relative),
            ("http://app.example.com/admin", Relative),
            ("//admin", EmptySegment),
            ("/a//admin", EmptySegment),
            ("/a//", EmptySegment),
            ("/..", DotSegment),
            ("/a/../admin", DotSegment),
            ("/a/./admin", DotSegment),
            ("/a/%2e%2e/admin", DotSegment),
            ("/a/.%2E/admin", DotSegment),
            ("/a/%2e", DotSegment),
            ("/a/%252e%252e/admin", EncodedTwice),
            ("/%2561dmin", EncodedTwice),
            ("/%25u0061dmin", EncodedTwice),
            ("/a%2Fadmin", EncodedSeparator),
            ("/a%2fadmin", EncodedSeparator),
            ("/a%5Cadmin", EncodedSeparator),
            ("/admin%3Bx", EncodedSeparator),
            ("/admin%3fx", EncodedSeparator),
            ("/admin%23x", EncodedSeparator),
            ("/admin%00", EncodedSeparator),
            ("/admin%0a", EncodedSeparator),
            ("/admin%7f", EncodedSeparator),
            ("/admin%c2%85", EncodedSeparator),
            ("/a\\admin", Backslash),
            ("/admin;x", Parameters),
            ("/a;/../admin", Parameters),
            ("/admin#x", Character),
            ("/admin?x", Character),
            ("/a b", Character),
            ("/\u{e9}", Character),
            ("/a%", Percent),
            ("/a%4", Percent),
            ("/a%zz", Percent),
            ("/%u0061dmin", Percent),
            ("/%c0%afadmin", NotUtf8),
            ("/%c0%ae%c0%ae/admin", NotUtf8),
            ("/%e0%80%af", NotUtf8),
            ("/%ff", NotUtf8),
            ("/%ed%a0%80", NotUtf8),
        ] {
            assert_eq!(segments(path), Err(why), "{path}");
        }
        assert_eq!(segments(&format!("/{}", "a".repeat(MOST_BYTES))), Err(TooLong));
    }

    /// How servers differ: how often they decode, and what they do besides.
    #[derive(Debug, Clone, Copy)]
    struct Server {
        decodings: usize,
        backslash_is_slash: bool,
        drops_parameters: bool,
        cuts_at: &'static [u8],
        resolves_before_decoding: bool,
    }

    impl Server {
        const ALL: [Self; 6] = {
            let plain = Self {
                decodings: 1,
                backslash_is_slash: false,
                drops_parameters: false,
                cuts_at: b"",
                resolves_before_decoding: false,
            };
            [
                plain,
                Self { decodings: 2, ..plain },
                Self { decodings: 3, backslash_is_slash: true, drops_parameters: true, cuts_at: b"\0?#\n", ..plain },
                Self { drops_parameters: true, ..plain },
                Self { backslash_is_slash: true, cuts_at: b"\0", ..plain },
                Self { resolves_before_decoding: true, cuts_at: b"?#", ..plain },
            ]
        };

        /// What it serves for `path`: the segments.
        fn serves(self, path: &str) -> Vec<Vec<u8>> {
            let mut bytes = path.as_bytes().to_vec();
            if self.resolves_before_decoding {
                bytes =
                    self.resolve(&bytes).into_iter().flat_map(|segment| [b"/".to_vec(), segment].concat()).collect();
            }
            for _ in 0..self.decodings {
                bytes = leniently_decoded(&bytes);
            }
            if let Some(end) = bytes.iter().position(|byte| self.cuts_at.contains(byte)) {
                bytes.truncate(end);
            }
            self.resolve(&bytes)
        }

        fn resolve(self, path: &[u8]) -> Vec<Vec<u8>> {
            let is_slash = |byte: &u8| *byte == b'/' || self.backslash_is_slash && *byte == b'\\';
            let mut resolved = Vec::new();
            for segment in path.split(is_slash) {
                let end =
                    segment.iter().position(|byte| self.drops_parameters && *byte == b';').unwrap_or(segment.len());
                match &segment[..end] {
                    b"" | b"." => {}
                    b".." => drop(resolved.pop()),
                    segment => resolved.push(segment.to_vec()),
                }
            }
            resolved
        }
    }

    fn leniently_decoded(bytes: &[u8]) -> Vec<u8> {
        let mut decoded = Vec::new();
        let mut at = 0;
        while at < bytes.len() {
            let digits = bytes.get(at + 1..at + 3).and_then(|digits| std::str::from_utf8(digits).ok());
            let byte = digits.filter(|_| bytes[at] == b'%').and_then(|digits| u8::from_str_radix(digits, 16).ok());
            match byte {
                Some(byte) if digits.is_some_and(|digits| !digits.starts_with('+')) => {
                    decoded.push(byte);
                    at += 3;
                }
                _ => {
                    decoded.push(bytes[at]);
                    at += 1;
                }
            }
        }
        decoded
    }

    fn a_path() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            6 => prop::sample::select(vec![
                "/", "//", "admin", "a", "..", ".", "%2e", "%2E", "%2f", "%5c", "\\", ";", ";x=/", "%3b", "%00", "%25", "%252e",
                "%61", "%", "%u0061", "?", "%3f", "#", "%23", "%c0%af", "%e7%8e%8b", "%7e", "~", ":", "@", "+", "%2b",
            ]).prop_map(str::to_owned),
            1 => "[ -~]{1,4}",
            1 => any::<u8>().prop_map(|byte| format!("%{byte:02x}")),
        ];
        prop::collection::vec(piece, 0..12).prop_map(|pieces| format!("/{}", pieces.concat()))
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4096, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn g1_a_path_that_is_read_is_served_as_it_was_read(path in a_path()) {
            let Ok(normal) = NormalPath::parse(&path) else { return Ok(()) };
            let read: Vec<_> = normal.segments().map(|segment| segment.as_bytes().to_vec()).collect();
            for server in Server::ALL {
                prop_assert_eq!(&server.serves(&path), &read, "{:?}", server);
                prop_assert_eq!(&server.serves(&normal.to_string()), &read, "{:?}", server);
            }
        }

        #[test]
        fn g1_normalising_twice_is_normalising_once(path in a_path()) {
            let Ok(normal) = NormalPath::parse(&path) else { return Ok(()) };
            let spelled = normal.to_string();
            let again = NormalPath::parse(&spelled);
            prop_assert_eq!(again.as_ref(), Ok(&normal));
            prop_assert_eq!(again.map(|again| again.to_string()), Ok(spelled));
        }
    }
}
