use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{NewUser, create, create::is_empty};
use crate::{
    Doorward, Error,
    database::Origin,
    password::{self, NewPassword},
    random_bytes,
    role::ADMIN,
};

/// The user that the first start made. `Debug` shows no password.
pub struct FirstAdministrator {
    /// The user name.
    pub username: &'static str,
    /// The password, where Doorward chose it: to be shown once.
    pub generated_password: Option<String>,
}

impl std::fmt::Debug for FirstAdministrator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FirstAdministrator").field("username", &self.username).finish_non_exhaustive()
    }
}

/// On an empty database that Doorward made: makes the user `admin` with `password`, or with a random
/// one. Does nothing otherwise; of several replicas that start at once, one does it.
pub async fn ensure_first_administrator(
    doorward: &Doorward,
    password: Option<NewPassword>,
) -> Result<Option<FirstAdministrator>, Error> {
    if doorward.origin() == Origin::Adopted || !is_empty(doorward).await? {
        return Ok(None);
    }
    let (password, generated_password) = if let Some(password) = password {
        (password, None)
    } else {
        let generated = generate(doorward).await?;
        (NewPassword::new(generated.clone()), Some(generated))
    };
    let new = NewUser {
        username: "admin",
        email: None,
        password: Some(password),
        confirmed: true,
        roles: vec![ADMIN.to_owned()],
    };
    match create(doorward, new).await {
        Ok(_) => Ok(Some(FirstAdministrator { username: "admin", generated_password })),
        Err(Error::UsernameTaken) => Ok(None),
        Err(error) => Err(error),
    }
}

/// A random password. The filter of common ones takes one in thousands of them for one: then another.
async fn generate(doorward: &Doorward) -> Result<String, Error> {
    loop {
        let random: [u8; 15] = random_bytes(doorward.randomness());
        let generated = URL_SAFE_NO_PAD.encode(random);
        match password::check_new(doorward, "password", &NewPassword::new(generated.clone()), &[]).await {
            Err(Error::Invalid(_)) if doorward.settings().password.min_length <= generated.len() => {}
            checked => return checked.map(|()| generated),
        }
    }
}
