//! How a setting's text must look.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use lettre::{AsyncSmtpTransport, Tokio1Executor, message::Mailbox};
use zeroize::Zeroizing;

/// A form of text.
pub(super) struct Form {
    /// What is allowed, to follow "it takes".
    pub(super) what: &'static str,
    /// The text in its one spelling, or what to do. The words must not repeat the text: it may
    /// be a secret.
    pub(super) read: fn(&str) -> Result<String, String>,
}

pub(super) const NOT_EMPTY: Form = Form {
    what: "text that is not empty",
    read: |text| match text.trim() {
        "" => Err("Leave the setting out for its default.".into()),
        _ => Ok(text.into()),
    },
};

pub(super) const DATABASE: Form = Form {
    what: "`sqlite://FILE` or `postgres://USER:PASSWORD@HOST/DATABASE`",
    read: |text| {
        let scheme = text.split(':').next().unwrap_or_default();
        match scheme.split_once('+') {
            _ if !text.contains(':') => Err("For an SQLite file put `sqlite://` before its path.".into()),
            Some(("sqlite" | "postgres" | "postgresql", _)) => {
                Err("Leave out what stands between `+` and `://`.".into())
            }
            None if scheme == "sqlite" => Ok(text.into()),
            None if matches!(scheme, "postgres" | "postgresql") => {
                let whole = text[scheme.len()..].starts_with("://");
                whole.then(|| text.into()).ok_or_else(|| "Write `://` after the scheme.".into())
            }
            _ => Err("Doorward keeps its users in SQLite or PostgreSQL.".into()),
        }
    },
};

pub(super) const PUBLIC_URL: Form = Form {
    what: "an address such as `https://users.example.com`, with or without a path",
    read: |text| {
        let (origin, path) = split_origin(text)?;
        if path.contains(['?', '#', '\\', ' ']) {
            return Err("Leave out what follows the path (`?…`, `#…`).".into());
        }
        Ok(format!("{origin}{}", path.trim_end_matches('/')))
    },
};

pub(super) const HTTP_URL: Form = Form {
    what: "an address such as `http://127.0.0.1:4318`",
    read: |text| {
        if text.starts_with("http://") || text.starts_with("https://") {
            Ok(text.into())
        } else {
            Err("Begin with `http://` or `https://`.".into())
        }
    },
};

pub(super) const SMTP_URL: Form = Form {
    what: "`smtp://USER:PASSWORD@HOST:587` or `smtps://USER:PASSWORD@HOST:465`",
    read: |text| {
        let (scheme, rest) = text.split_once("://").unwrap_or_default();
        if !matches!(scheme, "smtp" | "smtps") {
            return Err("Begin with `smtp://` or `smtps://`.".into());
        }
        if rest.contains(['/', '?', '#', ' ', '[']) {
            return Err("Leave out what follows the port, write the host by its name, and percent-encode what is \
                        special in user name and password (`/` is `%2F`)."
                .into());
        }
        let is_url = AsyncSmtpTransport::<Tokio1Executor>::from_url(text).is_ok();
        let (user, host) = rest.rsplit_once('@').unwrap_or(("", rest));
        if !is_url || host.is_empty() || (!user.is_empty() && !user.contains(':')) {
            return Err("Write user name, password, host and port as shown.".into());
        }
        Ok(text.into())
    },
};

pub(super) const MAILBOX: Form = Form {
    what: "an address such as `Example <no-reply@example.com>`",
    read: |text| match text.parse::<Mailbox>() {
        Ok(_) if !text.contains(char::is_control) => Ok(text.into()),
        _ => Err("Write `NAME <LOCAL@DOMAIN>`, or the address alone.".into()),
    },
};

pub(super) const ORIGIN: Form = Form {
    what: "an origin such as `https://app.example.com`",
    read: |text| {
        if matches!(text, "*" | "null") {
            return Err("Name each origin: `*` and `null` would let any page in.".into());
        }
        match split_origin(text)? {
            (origin, "" | "/") => Ok(origin),
            _ => Err("Leave out the path.".into()),
        }
    },
};

pub(super) const SEAL_KEY: Form = Form {
    what: "32 bytes in base64",
    read: |text| {
        let way_out = "`openssl rand -base64 32` makes one.";
        decode_seal_key(text).map(|_| text.trim().to_owned()).ok_or_else(|| way_out.to_owned())
    },
};

/// The 32 bytes of a seal key written in base64, of either alphabet, with or without padding.
pub fn decode_seal_key(text: &str) -> Option<Zeroizing<[u8; 32]>> {
    const CONFIG: GeneralPurposeConfig =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let text = text.trim();
    let alphabet = if text.contains(['-', '_']) { &alphabet::URL_SAFE } else { &alphabet::STANDARD };
    let bytes = GeneralPurpose::new(alphabet, CONFIG).decode(text).map(Zeroizing::new).ok()?;
    <[u8; 32]>::try_from(bytes.as_slice()).map(Zeroizing::new).ok()
}

/// `scheme://host:port` in lower case without a default port, and the rest (RFC 6454 §4).
fn split_origin(text: &str) -> Result<(String, &str), String> {
    let lower = text.to_ascii_lowercase();
    let scheme = match lower.split_once("://") {
        Some(("http", _)) => "http",
        Some(("https", _)) => "https",
        _ => return Err("Begin with `https://` (or `http://`).".into()),
    };
    let rest = &text[scheme.len() + "://".len()..];
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len()));
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let in_brackets = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let in_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    let is_host = in_brackets.map_or_else(
        || !host.is_empty() && host.bytes().all(in_name),
        |address| address.parse::<std::net::Ipv6Addr>().is_ok(),
    );
    if !is_host {
        return Err("Write the host in ASCII (an IDN in its `xn--` form), without a user name.".into());
    }
    let port = match port.map(str::parse::<u16>) {
        None => String::new(),
        Some(Ok(80)) if scheme == "http" => String::new(),
        Some(Ok(443)) if scheme == "https" => String::new(),
        Some(Ok(port)) => format!(":{port}"),
        Some(Err(_)) => return Err("The port is a number up to 65535.".into()),
    };
    Ok((format!("{scheme}://{}{port}", host.to_ascii_lowercase()), path))
}
