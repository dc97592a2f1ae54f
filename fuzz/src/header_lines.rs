use http::{HeaderMap, HeaderName, HeaderValue};

/// The headers that the lines `name: value` of `text` hold; lines that no server would let through are passed over.
pub(crate) fn read(text: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in text.split(|byte| *byte == b'\n') {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let name = HeaderName::from_bytes(&line[..colon]);
        let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii());
        if let (Ok(name), Ok(value)) = (name, value) {
            // A map can hold only so many.
            let _ = headers.try_append(name, value);
        }
    }
    headers
}
