//! C1: what a token's header may not bring about.

use aws_lc_rs::hmac::{HMAC_SHA256, HMAC_SHA384, HMAC_SHA512};

use super::form::{Expect, Vector};
use super::making::{
    EXPIRES, ISSUED, OTHER_SEED, SECRET, base64url, claims, eddsa, eddsa_by, good_flask_header, hmac, hs512, jwt,
    jwt_header, signing_key,
};

pub(crate) fn vectors(out: &mut Vec<Vector>) {
    none(out);
    foreign(out);
    public_key_as_secret(out);
    empty_secret(out);
    kid(out);
    keys_in_the_header(out);
    critical(out);
    signatures(out);
}

fn none(out: &mut Vec<Vector>) {
    for alg in ["none", "None", "nOnE", "NONE", ""] {
        let header = format!(
            r#"{{"alg":"{alg}","typ":"at+jwt","kid":"{}","iat":{ISSUED},"exp":{EXPIRES}}}"#,
            signing_key().kid()
        );
        for (form, payload) in [("jwt", claims("", "")), ("flask", r#"{"id":42}"#.to_owned())] {
            let unsigned = format!("{}.{}.", base64url(&header), base64url(&payload));
            out.push(Vector::token(format!("c1-alg-{alg:?}-unsigned-{form}"), unsigned, Expect::invalid()));
        }
        out.push(Vector::token(format!("c1-alg-{alg:?}-signed"), eddsa(&header, &claims("", "")), Expect::invalid()));
        out.push(Vector::token(format!("c1-alg-{alg:?}-hmac"), hs512(&header, r#"{"id":42}"#), Expect::invalid()));
    }
    for (name, alg) in [("null", "null"), ("number", "1"), ("array", "[\"EdDSA\"]"), ("object", "{}"), ("true", "true")]
    {
        let token = eddsa(&format!(r#"{{"alg":{alg},"typ":"at+jwt"}}"#), &claims("", ""));
        out.push(Vector::token(format!("c1-alg-is-{name}"), token, Expect::malformed()));
    }
    out.push(Vector::token("c1-alg-missing", eddsa(r#"{"typ":"at+jwt"}"#, &claims("", "")), Expect::malformed()));
}

fn foreign(out: &mut Vec<Vector>) {
    for alg in [
        "RS256", "RS512", "PS256", "ES256", "ES256K", "ES512", "HS256", "HS384", "A128KW", "dir", "eddsa", "EDDSA",
        "hs512", "Hs512", "HS512 ", "Ed25519", "Ed448",
    ] {
        let header = format!(
            r#"{{"alg":"{alg}","typ":"at+jwt","kid":"{}","iat":{ISSUED},"exp":{EXPIRES}}}"#,
            signing_key().kid()
        );
        out.push(Vector::token(format!("c1-alg-{alg:?}-eddsa"), eddsa(&header, &claims("", "")), Expect::invalid()));
        out.push(Vector::token(format!("c1-alg-{alg:?}-hs512"), hs512(&header, r#"{"id":42}"#), Expect::invalid()));
    }
    // The right algorithm for its own name, but not the configured one.
    for (name, algorithm) in [("HS256", HMAC_SHA256), ("HS384", HMAC_SHA384)] {
        let header = format!(r#"{{"alg":"{name}","iat":{ISSUED},"exp":{EXPIRES}}}"#);
        let token = hmac(algorithm, SECRET.as_bytes(), &header, r#"{"id":42}"#);
        out.push(Vector::token(format!("c1-{name}-where-hs512-is-configured"), token.as_str(), Expect::invalid()));
        let configured = Vector::token(format!("c1-{name}-where-it-is-configured"), token, Expect::flask(42, None));
        out.push(configured.config(|config| config.flask_algorithm = name));
    }
}

fn public_key_as_secret(out: &mut Vec<Vector>) {
    let key = signing_key();
    let public = key.public().public;
    let as_text = base64url(public);
    for (name, algorithm) in [("HS256", HMAC_SHA256), ("HS384", HMAC_SHA384), ("HS512", HMAC_SHA512)] {
        for (form, secret) in [("bytes", &public[..]), ("x", as_text.as_bytes()), ("kid", key.kid().as_bytes())] {
            let header =
                format!(r#"{{"alg":"{name}","typ":"at+jwt","kid":"{}","iat":{ISSUED},"exp":{EXPIRES}}}"#, key.kid());
            let jwt = hmac(algorithm, secret, &header, &claims("", ""));
            out.push(Vector::token(format!("c1-{name}-under-public-key-{form}-jwt"), jwt, Expect::invalid()));
            let flask = hmac(algorithm, secret, &header, r#"{"id":42}"#);
            let vector = Vector::token(format!("c1-{name}-under-public-key-{form}-flask"), flask, Expect::invalid());
            out.push(vector.config(|config| config.flask_algorithm = name));
        }
    }
}

fn empty_secret(out: &mut Vec<Vector>) {
    let token = hmac(HMAC_SHA512, b"", &good_flask_header(), r#"{"id":42}"#);
    for (name, secrets) in [("none", Vec::new()), ("empty", vec![String::new()])] {
        let vector =
            Vector::token(format!("c1-empty-key-where-{name}-is-configured"), token.as_str(), Expect::invalid());
        out.push(vector.config(|config| config.secret_keys = secrets));
    }
    out.push(Vector::token("c1-empty-key-where-one-is-configured", token, Expect::invalid()));
}

fn kid(out: &mut Vec<Vector>) {
    for (name, kid) in [
        ("unknown", "unknown"),
        ("empty", ""),
        ("path", "../../../../dev/null"),
        ("absolute", "/etc/passwd"),
        ("sql", "' OR 1=1 --"),
        ("union", "x' UNION SELECT 'key' --"),
        ("nul", "%00"),
        ("star", "*"),
    ] {
        let header = format!(r#"{{"alg":"EdDSA","typ":"at+jwt","kid":"{kid}"}}"#);
        out.push(Vector::token(format!("c1-kid-{name}"), eddsa(&header, &claims("", "")), Expect::invalid()));
    }
    let without = eddsa(r#"{"alg":"EdDSA","typ":"at+jwt"}"#, &claims("", ""));
    out.push(Vector::token("c1-kid-missing", without, Expect::invalid()));
    for (name, kid) in [("number", "1"), ("null", "null"), ("array", "[]"), ("object", "{\"a\":1}")] {
        let header = format!(r#"{{"alg":"EdDSA","typ":"at+jwt","kid":{kid}}}"#);
        out.push(Vector::token(format!("c1-kid-is-{name}"), eddsa(&header, &claims("", "")), Expect::malformed()));
    }
    let long = format!(r#"{{"alg":"EdDSA","typ":"at+jwt","kid":"{}"}}"#, "k".repeat(10 * 1024));
    out.push(Vector::token("c1-kid-10-kilobytes", eddsa(&long, &claims("", "")), Expect::malformed()));
    let below_the_bound = format!(r#"{{"alg":"EdDSA","typ":"at+jwt","kid":"{}"}}"#, "k".repeat(3 * 1024));
    out.push(Vector::token("c1-kid-3-kilobytes", eddsa(&below_the_bound, &claims("", "")), Expect::invalid()));
}

fn keys_in_the_header(out: &mut Vec<Vector>) {
    let other = doorward_guard::SigningKey::from_seed(&OTHER_SEED).unwrap();
    let x = base64url(other.public().public);
    for (name, more) in [
        ("jwk", format!(r#","jwk":{{"kty":"OKP","crv":"Ed25519","x":"{x}"}}"#)),
        ("jku", r#","jku":"http://127.0.0.1:9/jwks.json""#.to_owned()),
        ("x5u", r#","x5u":"http://127.0.0.1:9/cert.pem""#.to_owned()),
        ("x5c", r#","x5c":["MIIB"]"#.to_owned()),
    ] {
        let header = jwt_header(&more);
        let forged = eddsa_by(&OTHER_SEED, &header, &claims("", ""));
        out.push(Vector::token(format!("c1-{name}-of-a-forger"), forged, Expect::invalid()));
        // Ignored, so a token that the right key signed stays what it is.
        let good = eddsa(&header, &claims("", ""));
        out.push(Vector::token(format!("c1-{name}-is-ignored"), good, Expect::bare_jwt(42)));
    }
}

fn critical(out: &mut Vec<Vector>) {
    for (name, more) in [
        ("crit", r#","crit":["exp"]"#),
        ("crit-empty", r#","crit":[]"#),
        ("crit-null", r#","crit":null"#),
        ("zip", r#","zip":"DEF""#),
        ("enc", r#","enc":"A256GCM""#),
        ("b64", r#","b64":false,"crit":["b64"]"#),
    ] {
        let jwt = eddsa(&jwt_header(more), &claims("", ""));
        out.push(Vector::token(format!("c1-{name}-jwt"), jwt, Expect::malformed()));
        let header = format!(r#"{{"alg":"HS512","iat":{ISSUED},"exp":{EXPIRES}{more}}}"#);
        out.push(Vector::token(format!("c1-{name}-flask"), hs512(&header, r#"{"id":42}"#), Expect::malformed()));
    }
    let header = base64url(r#"{"alg":"dir","enc":"A256GCM"}"#);
    let jwe = format!("{header}..{0}.{0}.{0}", base64url([1; 16]));
    out.push(Vector::token("c1-jwe", jwe, Expect::malformed()));
    out.push(Vector::token("c1-jwe-of-a-good-token", format!("{}.AAAA.AAAA", jwt()), Expect::malformed()));
}

fn signatures(out: &mut Vec<Vector>) {
    let token = jwt();
    let (signed, _) = token.rsplit_once('.').unwrap();
    for (name, signature) in [
        ("empty", String::new()),
        ("short", base64url([1; 32])),
        ("zero", base64url([0; 64])),
        ("long", base64url([1; 65])),
    ] {
        out.push(Vector::token(format!("c1-signature-{name}"), format!("{signed}.{signature}"), Expect::invalid()));
    }
    let other = eddsa_by(&OTHER_SEED, &jwt_header(""), &claims("", ""));
    out.push(Vector::token("c1-signed-by-another-key-under-our-kid", other, Expect::invalid()));
    // Another's claims under a good signature.
    let swapped = {
        let parts: Vec<_> = token.split('.').collect();
        format!("{}.{}.{}", parts[0], base64url(claims("sub", "\"1\"")), parts[2])
    };
    out.push(Vector::token("c1-claims-swapped", swapped, Expect::invalid()));
}
