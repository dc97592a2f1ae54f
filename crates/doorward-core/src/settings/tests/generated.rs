use std::collections::HashSet;
use std::fs;
use std::path::Path;

use super::super::declare::declarations;
use super::super::value::Given;
use super::super::{NOT_SETTINGS, Profile, Settings, example_toml, load, reference_markdown};
use super::Folder;

/// The generated files are what the declarations make of them.
/// `UPDATE_GENERATED=1` writes them.
#[test]
fn the_generated_files_are_current() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for (name, made) in [("docs/configuration.md", reference_markdown()), ("doorward.example.toml", example_toml())] {
        let path = root.join(name);
        if std::env::var_os("UPDATE_GENERATED").is_some() {
            fs::write(&path, &made).unwrap();
        }
        let stored = fs::read_to_string(&path).unwrap_or_default();
        assert!(stored == made, "{name} is not what the declarations make: run this test with UPDATE_GENERATED=1");
    }
}

#[test]
fn the_example_as_it_is_changes_nothing() {
    let folder = Folder::with(&example_toml());
    assert_eq!(load(&folder.options()).unwrap().settings, Settings::default());
}

/// Every line of the example is a setting's, at its default or, without one, at an example
/// that is allowed.
#[test]
fn the_example_without_its_comment_signs_has_every_setting() {
    let uncommented: Vec<_> = example_toml()
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(setting) if !setting.starts_with(' ') => setting.to_owned(),
            _ => line.to_owned(),
        })
        .collect();
    let uncommented = uncommented
        .join("\n")
        .replace("\"…\" # openssl rand -base64 32", "\"a2V5cyBhcmUgMzIgYnl0ZXMgYW5kIG5ldmVyIHNob3c=\"");
    let folder = Folder::with(&uncommented);
    let loaded = load(&folder.options()).unwrap();
    let defaults = Settings::default();
    for declaration in declarations() {
        assert_ne!(loaded.sources.get(declaration.key), &super::super::Source::Default, "{}", declaration.key);
        if declaration.example.is_none() {
            let value = |settings| (declaration.give)(settings).toml();
            assert_eq!(value(&loaded.settings), value(&defaults), "{}", declaration.key);
        }
    }
}

#[test]
fn every_default_is_allowed() {
    for declaration in declarations() {
        let mut settings = Settings::default();
        let default = (declaration.give)(&settings);
        let of_profiles = declaration.profiles.iter().map(|(_, value)| Given::bare(value));
        for given in std::iter::once(default).chain(of_profiles) {
            let optional = matches!(given, Given::Nothing);
            let read = (declaration.read)(&mut settings, &given, &declaration.rules);
            assert!(optional || read.is_ok(), "{}", declaration.key);
        }
        assert!(optional_has_example(declaration), "{}", declaration.key);
    }
}

fn optional_has_example(declaration: &super::super::declare::Declaration) -> bool {
    (declaration.give)(&Settings::default()).toml().is_some() || declaration.example.is_some()
}

#[test]
fn the_defaults_of_development_are_the_plain_ones() {
    assert_eq!(Settings::for_profile(Profile::Development), Settings::default());
}

#[test]
fn every_name_is_one_setting() {
    let keys: Vec<_> = declarations().map(|declaration| declaration.key).collect();
    assert_eq!(keys.iter().collect::<HashSet<_>>().len(), keys.len());
    let variables: Vec<_> = declarations()
        .flat_map(|declaration| [Some(declaration.environment()), declaration.environment_file()])
        .flatten()
        .chain(NOT_SETTINGS.iter().map(|(name, _)| (*name).to_owned()))
        .collect();
    assert_eq!(variables.iter().collect::<HashSet<_>>().len(), variables.len());
    assert!(variables.contains(&"DOORWARD_PASSWORD__ARGON2__MEMORY_KIB".to_owned()));
}

#[test]
fn the_reference_names_every_setting_and_variable() {
    let page = reference_markdown();
    for declaration in declarations() {
        assert!(page.contains(&format!("### `{}`\n", declaration.key)));
        assert!(page.contains(&format!("`{}`", declaration.environment())));
        assert!(declaration.description().ends_with('.'), "{}", declaration.key);
    }
}
