//! What the settings promise.

mod checks;
mod generated;
mod layers;
mod masks;
mod mistakes;

use std::fs;
use std::path::PathBuf;

use super::{Loaded, Options, SettingsError, load};

/// A folder with a `doorward.toml` of that text, readable by its owner only.
struct Folder(tempfile::TempDir);

impl Folder {
    fn with(toml: &str) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        folder.write("doorward.toml", toml, 0o600);
        folder
    }

    fn write(&self, name: &str, text: &str, mode: u32) -> PathBuf {
        use std::os::unix::fs::PermissionsExt as _;
        let path = self.0.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    fn options(&self) -> Options {
        Options { search_in: Some(self.0.path().to_owned()), ..Options::default() }
    }

    /// The errors as people read them, without the folder's random name.
    fn say(&self, result: Result<Loaded, Vec<SettingsError>>) -> String {
        let lines: Vec<_> = result.unwrap_err().iter().map(ToString::to_string).collect();
        lines.join("\n").replace(&format!("{}/", self.0.path().display()), "")
    }
}

fn environment(options: Options, pairs: &[(&str, &str)]) -> Options {
    let environment = pairs.iter().map(|(name, value)| (name.into(), value.into())).collect();
    Options { environment, ..options }
}

fn flags(options: Options, pairs: &[(&str, &str)]) -> Options {
    let flags = pairs.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
    Options { flags, ..options }
}

fn from_environment(pairs: &[(&str, &str)]) -> Result<Loaded, Vec<SettingsError>> {
    load(&environment(Options::default(), pairs))
}
