use std::fmt::Write as _;

use super::Original;
use crate::settings;

/// Where a browser goes to sign in, and, where the origin that was asked is one of `forward_auth.return_origins`, how it
/// comes back: `next=` with the address that was asked for. `None` where no sign-in page is configured.
pub fn sign_in_address(settings: &settings::ForwardAuth, original: &Original) -> Option<String> {
    let mut address = settings.sign_in_url.clone()?;
    if settings.return_origins.contains(&original.origin()) {
        address.push_str(if address.contains('?') { "&next=" } else { "?next=" });
        for byte in original.to_string().bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                address.push(char::from(byte));
            } else {
                // Writing to a string can't fail.
                let _ = write!(address, "%{byte:02X}");
            }
        }
    }
    Some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(sign_in: Option<&str>, url: &str) -> Option<String> {
        let settings = settings::ForwardAuth {
            sign_in_url: sign_in.map(str::to_owned),
            return_origins: vec!["https://app.example.com".into()],
            ..settings::ForwardAuth::default()
        };
        sign_in_address(&settings, &Original::of_url("GET", url).unwrap())
    }

    #[test]
    fn d7_only_to_listed_origins_and_as_one_parameter() {
        let page = Some("https://users.example.com/sign-in");
        assert_eq!(address(None, "https://app.example.com/"), None);
        assert_eq!(
            address(page, "https://app.example.com/a?b=c&next=https://evil.example/#".trim_end_matches('#')).unwrap(),
            "https://users.example.com/sign-in?next=https%3A%2F%2Fapp.example.com%2Fa%3Fb%3Dc%26next%3Dhttps%3A%2F%2Fevil.example%2F"
        );
        for other in [
            "https://evil.example/",
            "http://app.example.com/",
            "https://app.example.com:8443/",
            "https://app.example.com.evil.example/",
        ] {
            assert_eq!(address(page, other).as_deref(), page, "{other}");
        }
        let with_query = address(Some("/sign-in?theme=dark"), "https://app.example.com/").unwrap();
        assert_eq!(with_query, "/sign-in?theme=dark&next=https%3A%2F%2Fapp.example.com%2F");
    }
}
