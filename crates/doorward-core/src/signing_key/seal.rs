use std::path::{Path, PathBuf};

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, RandomizedNonceKey},
    hmac,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use sea_orm::{EntityTrait, PaginatorTrait};
use zeroize::Zeroizing;

use super::Entity;
use crate::{
    Error, Randomness,
    database::Database,
    random_bytes,
    settings::{Settings, decode_seal_key},
};

/// The key under which secrets at rest are sealed. It is not in the database: the database alone
/// signs no one in.
pub struct SealKey {
    sealing: RandomizedNonceKey,
    refresh: hmac::Key,
    one_time_code: hmac::Key,
    tags: hmac::Key,
    place: String,
}

impl SealKey {
    /// The configured key; else that of `keys.seal_key_file`, which is made where it is missing and
    /// nothing was sealed yet.
    pub async fn open(settings: &Settings, database: &Database, randomness: &dyn Randomness) -> Result<Self, Error> {
        if let Some(secret) = &settings.keys.seal_key {
            let key = decode_seal_key(secret.expose()).ok_or_else(|| {
                Error::startup("`keys.seal_key` is not 32 bytes in base64", "make one with `openssl rand -base64 32`")
            })?;
            return Self::new(&key, "`keys.seal_key`".into());
        }
        let path = &settings.keys.seal_key_file;
        let place = format!("`keys.seal_key_file` ({})", path.display());
        if !path.exists() {
            // Looked for once more: another Doorward that starts at once makes the file before it seals.
            if Entity::find().count(database.reads()).await? > 0 && !path.exists() {
                return Err(Error::startup(
                    format!("{} is missing, and signing keys are sealed under it", path.display()),
                    "put the file back, or set `keys.seal_key` to the key that was used; if it is \
                     lost, run `doorward key rotate --lost-seal-key`: everyone signs in anew",
                ));
            }
            make_file(path, randomness)?;
        }
        let key = read_file(path)?;
        Self::new(&key, place)
    }

    fn new(key: &[u8; 32], place: String) -> Result<Self, Error> {
        let sealing = RandomizedNonceKey::new(&AES_256_GCM, key)
            .map_err(|_| Error::Internal("the seal key was refused".into()))?;
        // One key, one purpose: what computes refresh tokens, hashes typed codes and makes tags is derived, not shared.
        let root = hmac::Key::new(hmac::HMAC_SHA256, key);
        let derive = |purpose: &[u8]| hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&root, purpose).as_ref());
        let refresh = derive(b"doorward refresh token successor v1");
        let one_time_code = derive(b"doorward typed one-time code v1");
        let tags = derive(b"doorward tags v1");
        Ok(Self { sealing, refresh, one_time_code, tags, place })
    }

    /// Where the key comes from, for messages.
    pub(super) fn place(&self) -> &str {
        &self.place
    }

    pub(crate) fn refresh_key(&self) -> &hmac::Key {
        &self.refresh
    }

    pub(crate) fn one_time_code_key(&self) -> &hmac::Key {
        &self.one_time_code
    }

    /// A MAC of `data` that only the holder of the key can make; each purpose has its own.
    pub(crate) fn tag(&self, purpose: &str, data: &[u8]) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.tags);
        context.update(&(purpose.len() as u64).to_be_bytes());
        context.update(purpose.as_bytes());
        context.update(data);
        let mut tag = [0; 32];
        tag.copy_from_slice(context.sign().as_ref());
        tag
    }

    /// Seals `secret` for the row that `name` names: moved to another row it can't be opened.
    pub(crate) fn seal(&self, name: &str, secret: &[u8]) -> Result<Vec<u8>, Error> {
        let mut sealed = secret.to_vec();
        let nonce = self
            .sealing
            .seal_in_place_append_tag(Aad::from(name.as_bytes()), &mut sealed)
            .map_err(|_| Error::Internal("a secret could not be sealed".into()))?;
        Ok([nonce.as_ref().as_slice(), &sealed].concat())
    }

    /// Opens what [`SealKey::seal`] made; `None` under another key or name.
    pub(crate) fn open_sealed(&self, name: &str, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, body) = sealed.split_at_checked(12)?;
        let nonce = aws_lc_rs::aead::Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut body = Zeroizing::new(body.to_vec());
        let length = self.sealing.open_in_place(nonce, Aad::from(name.as_bytes()), &mut body).ok()?.len();
        body.truncate(length);
        Some(body)
    }
}

impl std::fmt::Debug for SealKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SealKey").field("place", &self.place).finish_non_exhaustive()
    }
}

/// Makes the file whole at one stroke, and leaves one that another Doorward has made meanwhile: two that
/// start at once must come to the same key.
fn make_file(path: &Path, randomness: &dyn Randomness) -> Result<(), Error> {
    let key: Zeroizing<[u8; 32]> = Zeroizing::new(random_bytes(randomness));
    let mut text = Zeroizing::new(STANDARD.encode(key.as_slice()));
    text.push('\n');
    let number: [u8; 4] = random_bytes(randomness);
    let making = PathBuf::from(format!("{}.{:08x}", path.display(), u32::from_be_bytes(number)));
    let mut open = std::fs::OpenOptions::new();
    open.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut open, 0o600);
    let made = open.open(&making).and_then(|mut file| {
        std::io::Write::write_all(&mut file, text.as_bytes())?;
        // A key that is lost with the power would take the sealed keys along.
        file.sync_all()?;
        put_in_place(&making, path)
    });
    let _ = std::fs::remove_file(&making);
    made.map_err(|error| {
        Error::startup(
            format!("the seal key's file {} can't be made: {error}", path.display()),
            "make its folder writable, or set `keys.seal_key_file` or `keys.seal_key`",
        )
    })
}

fn put_in_place(making: &Path, path: &Path) -> std::io::Result<()> {
    match std::fs::hard_link(making, path) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
        // A file system without hard links.
        Err(_) => std::fs::rename(making, path)?,
    }
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        std::fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}

fn read_file(path: &Path) -> Result<Zeroizing<[u8; 32]>, Error> {
    let text = std::fs::read_to_string(path).map(Zeroizing::new).map_err(|error| {
        Error::startup(
            format!("the seal key's file {} can't be read: {error}", path.display()),
            "make it readable for Doorward's user, and for nobody else",
        )
    })?;
    decode_seal_key(&text).ok_or_else(|| {
        Error::startup(
            format!("the seal key's file {} does not hold 32 bytes in base64", path.display()),
            "put the right file back",
        )
    })
}
