//! Laying the layers over one another.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::check::Problem;
use super::declare::{Declaration, declaration, declarations};
use super::environment::{self, CONFIG, NOT_SETTINGS, PREFIX};
use super::error::SettingsError;
use super::file;
use super::nearest;
use super::source::{Source, Sources};
use super::table::Settings;
use super::value::Given;
use super::words::Profile;

/// The name of the file that is looked for.
const FILE_NAME: &str = "doorward.toml";

/// The layers to load from. It has no `Debug`, because it holds secrets.
#[derive(Clone, Default)]
pub struct Options {
    /// The configuration file; it must exist. Without it `DOORWARD_CONFIG` of the environment
    /// names one.
    pub file: Option<PathBuf>,
    /// Where to look for a `doorward.toml` when none is named; none need be there.
    pub search_in: Option<PathBuf>,
    /// The environment. What doesn't begin with `DOORWARD_` is passed over.
    pub environment: Vec<(OsString, OsString)>,
    /// Settings from the command line: key (`token.format`) and value, in order. A list takes
    /// every value of a repeated key, anything else the last.
    pub flags: Vec<(String, String)>,
}

impl Options {
    /// The working directory and the environment of this process, and no flags.
    pub fn of_process() -> Self {
        Self { search_in: Some(PathBuf::from(".")), environment: std::env::vars_os().collect(), ..Self::default() }
    }
}

/// A configuration with where each value came from.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The values.
    pub settings: Settings,
    /// Where they came from.
    pub sources: Sources,
    /// The file that was read, if any.
    pub file: Option<PathBuf>,
    /// What is amiss but doesn't hinder: files with secrets that everyone can read.
    pub warnings: Vec<Problem>,
}

/// Loads the configuration: defaults, then the file, then the environment, then flags.
///
/// # Errors
/// Everything that is wrong in any of the layers, not only the first.
/// Whether the values fit together is for [`check`](super::check()) to say.
pub fn load(options: &Options) -> Result<Loaded, Vec<SettingsError>> {
    let mut assignments = Assignments::default();
    let file = assignments.file(options);
    assignments.environment(&options.environment);
    assignments.flags(&options.flags);

    let profile = assignments.profile();
    let mut loading = Loading {
        loaded: Loaded { settings: Settings::default(), sources: Sources::default(), file, warnings: Vec::new() },
        errors: assignments.errors,
    };
    loading.profile_defaults(profile);
    for Assignment { declaration, given, origin } in assignments.list {
        loading.set(declaration, &given, origin);
    }
    if loading.errors.is_empty() {
        Ok(loading.loaded)
    } else {
        loading.errors.sort_by_key(SettingsError::place);
        Err(loading.errors)
    }
}

impl Settings {
    /// The defaults of a profile.
    pub fn for_profile(profile: Profile) -> Self {
        let mut settings = Self { profile, ..Self::default() };
        for (declaration, value) in differing_defaults(profile) {
            // Every declared default is read by a test.
            let _ = (declaration.read)(&mut settings, &Given::bare(value), &declaration.rules);
        }
        settings
    }
}

fn differing_defaults(profile: Profile) -> impl Iterator<Item = (&'static Declaration, &'static str)> {
    declarations().flat_map(move |declaration| {
        let of_profile = declaration.profiles.iter().filter(move |(of, _)| *of == profile);
        of_profile.map(move |(_, value)| (declaration, *value))
    })
}

struct Loading {
    loaded: Loaded,
    errors: Vec<SettingsError>,
}

impl Loading {
    fn profile_defaults(&mut self, profile: Profile) {
        for (declaration, value) in differing_defaults(profile) {
            self.set(declaration, &Given::bare(value), Source::ProfileDefault(profile));
        }
    }

    fn set(&mut self, declaration: &'static Declaration, given: &Given, origin: Source) {
        match (declaration.read)(&mut self.loaded.settings, given, &declaration.rules) {
            Ok(()) => {
                self.warn_of_readers(declaration, &origin);
                self.loaded.sources.set(declaration.key, origin);
            }
            Err(refused) => self.errors.push(SettingsError::Value {
                key: declaration.key,
                origin,
                given: if declaration.rules.secret {
                    "a value that is not shown".to_owned()
                } else {
                    given.described()
                },
                allowed: declaration.takes(),
                way_out: refused.way_out,
            }),
        }
    }

    fn warn_of_readers(&mut self, declaration: &Declaration, origin: &Source) {
        let (Source::File { path, .. } | Source::EnvironmentFile { path, .. }) = origin else {
            return;
        };
        let holds_secret = declaration.shows_mask(&self.loaded.settings);
        if holds_secret && let Some(warning) = file::readable_by_all(path, declaration.key) {
            let warned = self.loaded.warnings.iter().any(|other| other.way_out == warning.way_out);
            if !warned {
                self.loaded.warnings.push(warning);
            }
        }
    }
}

struct Assignment {
    declaration: &'static Declaration,
    given: Given,
    origin: Source,
}

/// What the layers give, lowest first.
#[derive(Default)]
struct Assignments {
    list: Vec<Assignment>,
    errors: Vec<SettingsError>,
}

impl Assignments {
    fn give(&mut self, declaration: &'static Declaration, given: Given, origin: Source) {
        self.list.push(Assignment { declaration, given, origin });
    }

    fn file(&mut self, options: &Options) -> Option<PathBuf> {
        let variable =
            |(name, value): &(OsString, OsString)| (name == CONFIG && !value.is_empty()).then(|| PathBuf::from(value));
        let named = options.file.clone().or_else(|| options.environment.iter().find_map(variable));
        let found = || options.search_in.as_ref().map(|folder| folder.join(FILE_NAME));
        let path = named.or_else(|| found().filter(|path| path.exists()))?;
        // A plain name is what the user knows it by.
        let path = path.strip_prefix(".").map(Path::to_owned).unwrap_or(path);

        let way_out = "Give the configuration's file with `--config` or in DOORWARD_CONFIG.";
        let text = self.read(&path, way_out)?;
        let (entries, errors) = file::parse(&text, &path);
        self.errors.extend(errors);
        for entry in entries {
            if let Some(declaration) = declaration(&entry.key) {
                let origin = Source::File { path: path.clone(), line: entry.line };
                self.give(declaration, entry.given, origin);
            }
        }
        Some(path)
    }

    fn read(&mut self, path: &Path, way_out: &str) -> Option<Zeroizing<String>> {
        let unreadable = |reason| {
            let (path, way_out) = (path.to_owned(), way_out.to_owned());
            self.errors.push(SettingsError::Unreadable { path, reason, way_out });
        };
        file::read(path).map_err(unreadable).ok()
    }

    fn environment(&mut self, environment: &[(OsString, OsString)]) {
        for (name, value) in environment {
            let name = name.to_string_lossy();
            if !name.starts_with(PREFIX) || NOT_SETTINGS.iter().any(|(known, _)| *known == name) {
                continue;
            }
            if let Some(declaration) = declarations().find(|known| known.environment() == name) {
                self.variable(declaration, &name, value);
            } else if let Some(declaration) =
                declarations().find(|known| known.environment_file().is_some_and(|file| file == name))
            {
                let twin = declaration.environment();
                if environment.iter().any(|(other, _)| *other == *twin) {
                    self.errors.push(SettingsError::Twice { name: twin });
                } else {
                    self.variable_file(declaration, &name, value);
                }
            } else if !environment::announces_a_service(&name, &value.to_string_lossy()) {
                self.errors.push(SettingsError::Unknown {
                    key: name.escape_debug().to_string(),
                    origin: Source::Environment(name.to_string()),
                    nearest: environment::nearest_to(&name),
                });
            }
        }
    }

    fn variable(&mut self, declaration: &'static Declaration, name: &str, value: &OsStr) {
        let given = value.to_str().map_or(Given::Other("not UTF-8"), Given::bare);
        self.give(declaration, given, Source::Environment(name.to_owned()));
    }

    fn variable_file(&mut self, declaration: &'static Declaration, name: &str, path: &OsStr) {
        let path = PathBuf::from(path);
        let way_out = format!("{name} names a file that holds the value of `{}`.", declaration.key);
        let Some(text) = self.read(&path, &way_out) else { return };
        let mut lines: Vec<_> = text.lines().filter(|line| !line.is_empty()).map(Given::string).collect();
        let given = match lines.len() {
            // An empty file is a mistake, not an empty list.
            0 => Given::string(""),
            // A single line serves a list as well as a single value.
            1 => lines.remove(0),
            _ => Given::List(lines),
        };
        self.give(declaration, given, Source::EnvironmentFile { name: name.to_owned(), path });
    }

    fn flags(&mut self, flags: &[(String, String)]) {
        for (at, (key, value)) in flags.iter().enumerate() {
            let origin = Source::Flag(key.clone());
            let Some(declaration) = declaration(key) else {
                let keys = declarations().map(|declaration| declaration.key);
                self.errors.push(SettingsError::Unknown {
                    key: key.escape_debug().to_string(),
                    origin,
                    nearest: nearest::key(key, keys).map(str::to_owned),
                });
                continue;
            };
            let same = |(other, value): &(String, String)| (other == key).then(|| value.clone());
            let repeated = flags[..at].iter().any(|(other, _)| other == key);
            if declaration.is_list() {
                if !repeated {
                    let all: Vec<_> = flags.iter().filter_map(same).collect();
                    self.give(declaration, Given::bare(&all.join(",")), origin);
                }
            } else {
                self.give(declaration, Given::bare(value), origin);
            }
        }
    }

    /// The profile that the layers agree on, before anything else is read.
    fn profile(&self) -> Profile {
        let given = self.list.iter().rev().find(|given| given.declaration.key == "profile");
        given.and_then(|given| given.given.text().ok().and_then(Profile::from_word)).unwrap_or(Profile::Development)
    }
}
