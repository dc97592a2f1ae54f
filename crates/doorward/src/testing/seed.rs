use doorward::Error;
use doorward_core::{
    Doorward,
    password::NewPassword,
    user::{self, NewUser},
};

/// The password of every known user. It protects nothing.
pub(crate) const PASSWORD: &str = "wooden spoon under moonlight";

/// The known users; the first administers.
pub(crate) const USERNAMES: [&str; 3] = ["admin", "alice", "bob"];

/// Makes the known users.
pub(super) async fn seed(doorward: &Doorward) -> Result<(), Error> {
    for (position, username) in USERNAMES.into_iter().enumerate() {
        let email = format!("{username}@example.com");
        let new = NewUser {
            username,
            email: Some(&email),
            password: Some(NewPassword::new(PASSWORD)),
            confirmed: true,
            roles: if position == 0 { vec!["admin".to_owned()] } else { Vec::new() },
        };
        user::create(doorward, new).await?;
    }
    Ok(())
}
