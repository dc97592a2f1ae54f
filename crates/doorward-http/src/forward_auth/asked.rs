use doorward_core::forward_auth::{Original, Unforwarded};
use http::{HeaderMap, header::HOST, request::Parts};

/// What a proxy asks about, and how it says so.
pub(super) struct Asked {
    pub(super) original: Original,
    pub(super) form: Form,
}

/// The ways in which proxies tell the original request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// nginx: `X-Original-Method` and `X-Original-URI`, because the configuration says so.
    Original,
    /// Caddy, Traefik: `X-Forwarded-Method` and `X-Forwarded-Uri`.
    Forwarded,
    /// Envoy: the same method, the path behind ours, the same `Host`.
    Appended,
}

/// Headers by which some servers take a request for one of another method.
const METHOD_OVERRIDES: [&str; 3] = ["x-http-method-override", "x-http-method", "x-method-override"];

impl Asked {
    /// Reads the original request. A proxy may pass on as it came what it doesn't write itself, and nothing says which is
    /// which: what is told twice must be told alike.
    pub(super) fn read(parts: &Parts, own_path: &str) -> Result<Self, Unforwarded> {
        let told = Told { headers: &parts.headers };
        let uris = [told.once("x-original-uri")?, told.once("x-forwarded-uri")?];
        let methods = [told.once("x-original-method")?, told.once("x-forwarded-method")?];
        let host = told.once("x-forwarded-host")?;
        let scheme = told.once("x-forwarded-proto")?;

        let appended = parts.uri.path().strip_prefix(own_path).filter(|path| !path.is_empty());
        let appended = appended.map(|path| match parts.uri.query() {
            Some(query) => format!("{path}?{query}"),
            None => path.to_owned(),
        });
        let form = match (&appended, uris) {
            (Some(_), _) => Form::Appended,
            (None, [Some(_), _]) => Form::Original,
            (None, [None, Some(_)]) => Form::Forwarded,
            (None, [None, None]) => return Err(unclear("no header says what was asked for")),
        };
        let own_host = match form {
            Form::Appended => {
                told.once(HOST.as_str())?.or_else(|| parts.uri.authority().map(http::uri::Authority::as_str))
            }
            Form::Original | Form::Forwarded => None,
        };
        let own_method = (form == Form::Appended).then(|| parts.method.as_str());

        let [uri, other_uri] = uris;
        let [method, other_method] = methods;
        let target = agreed([appended.as_deref(), uri, other_uri], "two paths are told")?;
        let method = agreed([own_method, method, other_method], "no method is told, or two")?;
        let host = agreed([own_host, host, None], "no host is told, or two")?;
        let scheme = scheme.ok_or(unclear("X-Forwarded-Proto is missing"))?;
        for name in METHOD_OVERRIDES {
            if told.once(name)?.is_some_and(|other| other != method) {
                return Err(unclear("a header asks for another method"));
            }
        }
        Ok(Self { original: Original::read(method, scheme, host, target)?, form })
    }
}

struct Told<'a> {
    headers: &'a HeaderMap,
}

impl<'a> Told<'a> {
    /// The one line of a header.
    fn once(&self, name: &str) -> Result<Option<&'a str>, Unforwarded> {
        let mut lines = self.headers.get_all(name).iter();
        let Some(line) = lines.next() else { return Ok(None) };
        if lines.next().is_some() {
            return Err(unclear("a header stands twice"));
        }
        line.to_str().map(Some).map_err(|_| unclear("a header is no text"))
    }
}

/// What all that say something say alike.
fn agreed<'a>(told: [Option<&'a str>; 3], otherwise: &'static str) -> Result<&'a str, Unforwarded> {
    let mut told = told.into_iter().flatten();
    let first = told.next().ok_or(unclear(otherwise))?;
    if told.all(|other| other == first) { Ok(first) } else { Err(unclear(otherwise)) }
}

fn unclear(why: &'static str) -> Unforwarded {
    Unforwarded::OriginalUnclear(why)
}
