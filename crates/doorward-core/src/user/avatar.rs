use md5::{Digest, Md5};

/// What `avatar_hash` holds: Gravatar's MD5 of the address in lower case, as 32 hexadecimal digits, as the
/// application that this table comes from has it. It names a picture and protects nothing.
pub fn avatar_hash(email: &str) -> String {
    let digest: [u8; 16] = Md5::digest(email.trim().to_lowercase()).into();
    format!("{:032x}", u128::from_be_bytes(digest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_hash_that_gravatar_documents() {
        assert_eq!(avatar_hash(" MyEmailAddress@example.com "), "0bc83cb571cd1c50ba6f3e8a78ef1346");
    }
}
