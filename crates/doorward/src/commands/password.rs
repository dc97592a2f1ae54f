use std::io::{IsTerminal as _, Read as _};

use doorward_core::password::NewPassword;
use zeroize::Zeroizing;

use super::CommandError;
use crate::arguments::PasswordSource;

/// The most that is read: longer is refused by the password's own rule.
const MOST_BYTES: u64 = 4_096;

/// Reads a new password from where the arguments say: never from themselves, where every user of the
/// machine could read it.
pub(crate) fn read(source: &PasswordSource) -> Result<NewPassword, CommandError> {
    let unread = |error: std::io::Error| CommandError::failed(format!("the password can't be read: {error}"));
    let mut text = Zeroizing::new(String::new());
    if let Some(path) = &source.password_file {
        let file = std::fs::File::open(path).map_err(unread)?;
        file.take(MOST_BYTES).read_to_string(&mut text).map_err(unread)?;
    } else if source.password_stdin || !std::io::stdin().is_terminal() {
        std::io::stdin().take(MOST_BYTES).read_to_string(&mut text).map_err(unread)?;
    } else {
        let first = Zeroizing::new(rpassword::prompt_password("Password: ").map_err(unread)?);
        let again = Zeroizing::new(rpassword::prompt_password("Again: ").map_err(unread)?);
        if *first != *again {
            return Err(CommandError::usage("the two passwords differ; nothing was changed"));
        }
        text = first;
    }
    // The line's end is the terminal's or the editor's, not the password's.
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    Ok(NewPassword::new(line))
}
