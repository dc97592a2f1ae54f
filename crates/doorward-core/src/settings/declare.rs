//! What a declaration of a setting is, and the macro that makes one from a line of the table.

use std::ops::RangeInclusive;

use super::form::Form;
use super::table::Settings;
use super::value::{Given, Refused};
use super::words::Profile;

/// What a setting's value must keep to, beyond its type.
#[derive(Default)]
pub(super) struct Rules {
    /// In what a number counts: "seconds", "KiB".
    pub(super) unit: Option<&'static str>,
    /// The numbers allowed.
    pub(super) range: Option<RangeInclusive<u64>>,
    /// How a text must look.
    pub(super) form: Option<&'static Form>,
    /// Whether the value must never be shown.
    pub(super) secret: bool,
    /// Whether a list may not be empty.
    pub(super) at_least_one: bool,
}

/// One setting.
pub(super) struct Declaration {
    /// The key in `doorward.toml`, dotted.
    pub(super) key: &'static str,
    /// What it is, line by line.
    pub(super) lines: &'static [&'static str],
    pub(super) rules: Rules,
    /// Stands in the example where there is no default to show, as TOML.
    pub(super) example: Option<&'static str>,
    /// What stands in the reference where the default depends on something else.
    pub(super) otherwise: Option<&'static str>,
    /// Defaults that differ from the declared one under a profile.
    pub(super) profiles: Vec<(Profile, &'static str)>,
    /// Sets the field from what was given.
    pub(super) read: fn(&mut Settings, &Given, &Rules) -> Result<(), Refused>,
    /// The field's value as it would be given. It may hold secrets.
    pub(super) give: fn(&Settings) -> Given,
    /// The field's value as anyone may see it.
    pub(super) shown: fn(&Settings) -> serde_json::Value,
    /// What the field takes, in words.
    pub(super) allowed: fn(&Rules) -> String,
}

impl Declaration {
    /// The environment name: `token.format` is `DOORWARD_TOKEN__FORMAT`.
    pub(super) fn environment(&self) -> String {
        super::environment::name_of(self.key)
    }

    /// The environment name of a file that holds the value; secrets have one, unless a setting
    /// of its own has that name.
    pub(super) fn environment_file(&self) -> Option<String> {
        if !self.rules.secret {
            return None;
        }
        let name = format!("{}_FILE", self.environment());
        let taken = declarations().any(|other| other.environment() == name);
        (!taken).then_some(name)
    }

    pub(super) fn description(&self) -> String {
        let lines: Vec<_> = self.lines.iter().map(|line| line.trim()).collect();
        lines.join(" ")
    }

    pub(super) fn takes(&self) -> String {
        (self.allowed)(&self.rules)
    }

    /// Whether the value is a list.
    pub(super) fn is_list(&self) -> bool {
        matches!((self.give)(&Settings::default()), Given::List(_))
    }

    /// Whether something in the value is masked.
    pub(super) fn shows_mask(&self, settings: &Settings) -> bool {
        (self.shown)(settings).to_string().contains(super::secret::MASK)
    }

    // The rules of the table's lines.

    pub(super) fn unit(mut self, unit: &'static str) -> Self {
        self.rules.unit = Some(unit);
        self
    }

    pub(super) fn range(mut self, range: RangeInclusive<u64>) -> Self {
        self.rules.range = Some(range);
        self
    }

    pub(super) fn form(mut self, form: &'static Form) -> Self {
        self.rules.form = Some(form);
        self
    }

    pub(super) fn secret(mut self) -> Self {
        self.rules.secret = true;
        self
    }

    pub(super) fn at_least_one(mut self) -> Self {
        self.rules.at_least_one = true;
        self
    }

    pub(super) fn example(mut self, example: &'static str) -> Self {
        self.example = Some(example);
        self
    }

    pub(super) fn otherwise(mut self, otherwise: &'static str) -> Self {
        self.otherwise = Some(otherwise);
        self
    }

    pub(super) fn production(mut self, value: &'static str) -> Self {
        self.profiles.push((Profile::Production, value));
        self
    }

    pub(super) fn testing(mut self, value: &'static str) -> Self {
        self.profiles.push((Profile::Testing, value));
        self
    }
}

/// A table of `doorward.toml` with its settings.
pub(super) struct Section {
    /// Empty for the top of the file.
    pub(super) name: String,
    pub(super) lines: &'static [&'static str],
    pub(super) settings: Vec<Declaration>,
}

/// Every setting, in the table's order.
pub(super) fn declarations() -> impl Iterator<Item = &'static Declaration> {
    super::table::sections().iter().flat_map(|section| &section.settings)
}

/// The setting of that key.
pub(super) fn declaration(key: &str) -> Option<&'static Declaration> {
    declarations().find(|declaration| declaration.key == key)
}

/// Makes the structs, their defaults and the declarations from the table.
///
/// A section is `Name at [its.path] { … }`; a setting is
/// `name: Type = default, rule(…), rule(…);` where a rule is a method of [`Declaration`];
/// the tables inside a section stand before its settings, as `holds [name: Name]`.
macro_rules! settings {
    (@key [$($segment:ident).*] $field:ident) => {
        concat!($(stringify!($segment), ".",)* stringify!($field))
    };
    (@place $settings:ident [$($segment:ident).*] $field:ident) => {
        $settings $(.$segment)* .$field
    };
    (@name [$($segment:ident).*]) => {
        [$(stringify!($segment)),*] as [&str; _]
    };
    ($(
        $(#[doc = $about:literal])*
        $section:ident at $path:tt $( holds [ $( $inner:ident : $Inner:ident ),* $(,)? ] )? {
            $(
                $(#[doc = $doc:literal])*
                $field:ident : $type:ty = $default:expr $(, $rule:ident ( $($argument:expr),* ) )* ;
            )*
        }
    )*) => {
        $(
            $(#[doc = $about])*
            #[derive(Clone, Debug, PartialEq)]
            pub struct $section {
                $(
                    $(#[doc = $doc])*
                    pub $field: $type,
                )*
                $($(
                    #[doc = concat!("The table `", stringify!($inner), "`.")]
                    pub $inner: $Inner,
                )*)?
            }

            impl Default for $section {
                fn default() -> Self {
                    Self {
                        $($field: $default,)*
                        $($($inner: $Inner::default(),)*)?
                    }
                }
            }
        )*

        /// The table's sections in order, the top of the file first.
        pub(super) fn sections() -> &'static [$crate::settings::declare::Section] {
            use $crate::settings::declare::{Declaration, Rules, Section};
            use $crate::settings::value::Value;
            static SECTIONS: std::sync::LazyLock<Vec<Section>> = std::sync::LazyLock::new(|| vec![$(
                Section {
                    name: (settings!(@name $path)).join("."),
                    lines: &[$($about),*],
                    settings: vec![$(
                        Declaration {
                            key: settings!(@key $path $field),
                            lines: &[$($doc),*],
                            rules: Rules::default(),
                            example: None,
                            otherwise: None,
                            profiles: Vec::new(),
                            read: |settings, given, rules| {
                                settings!(@place settings $path $field) = Value::read(given, rules)?;
                                Ok(())
                            },
                            give: |settings| Value::give(&settings!(@place settings $path $field)),
                            shown: |settings| Value::shown(&settings!(@place settings $path $field)),
                            allowed: <$type as Value>::allowed,
                        }
                        $(.$rule($($argument),*))*
                    ),*],
                }
            ),*]);
            &SECTIONS
        }
    };
}
pub(super) use settings;
