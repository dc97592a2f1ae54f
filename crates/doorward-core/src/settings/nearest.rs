//! The known name that someone most likely meant.

/// Below this two names have too little in common for a guess to be of use.
const ALIKE: f64 = 0.75;

/// The known word nearest to the given one.
pub(super) fn word<'a>(given: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let given = normal(given);
    best(known.map(|word| (word, strsim::jaro_winkler(&given, &normal(word)))))
}

/// The known key nearest to the given one: as a whole, or by its last part in another section.
pub(super) fn key<'a>(given: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let given = normal(given);
    let last = given.rsplit('.').next().unwrap_or_default();
    best(known.map(|key| {
        let whole = strsim::jaro_winkler(&given, key);
        let part = strsim::jaro_winkler(last, key.rsplit('.').next().unwrap_or_default());
        (key, whole.max(0.95 * part))
    }))
}

/// Bounded, because the work grows with the square of the length.
fn normal(name: &str) -> String {
    name.chars().take(100).collect::<String>().to_lowercase().replace('-', "_")
}

fn best<'a>(scored: impl Iterator<Item = (&'a str, f64)>) -> Option<&'a str> {
    scored
        .filter(|(_, score)| *score >= ALIKE)
        .max_by(|(_, one), (_, other)| one.total_cmp(other))
        .map(|(name, _)| name)
}
