use zxcvbn::{
    feedback::{Suggestion, Warning},
    zxcvbn,
};

use crate::{Doorward, Error, password::NewPassword};

/// The words of context that are looked for: the look-up costs with their number.
const MOST_WORDS: usize = 32;

/// What makes a password easy to guess, and so what to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advice {
    /// It is made of the name or address of the user, or the name of the service.
    NamesYou,
    /// It is like one that many use, with predictable changes.
    LikeACommonOne,
    /// It is a word or a name alone.
    OneWord,
    /// Its keys lie side by side.
    KeyboardPattern,
    /// It repeats itself.
    Repeats,
    /// It counts, or follows the alphabet.
    Sequence,
    /// It is a date or a year.
    Date,
    /// It is too little of anything.
    TooLittle,
}

/// What makes `password` weaker than `password.min_score`, by zxcvbn's estimate of the guesses that it takes.
pub(super) async fn weakness(
    doorward: &Doorward,
    password: &NewPassword,
    mut words: Vec<String>,
) -> Result<Option<Advice>, Error> {
    let least = doorward.settings().password.min_score;
    if least == 0 {
        return Ok(None);
    }
    let password = password.clone();
    words.truncate(MOST_WORDS);
    // Some milliseconds for a long one: a request's thread must not wait for it.
    let estimate = move || {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let entropy = zxcvbn(password.expose(), &words);
        (u32::from(u8::from(entropy.score())) < least)
            .then(|| entropy.feedback().map_or(Advice::TooLittle, |said| advice(said.warning(), said.suggestions())))
    };
    doorward.hashing().run(move |_| estimate()).await
}

fn advice(warning: Option<Warning>, suggestions: &[Suggestion]) -> Advice {
    match warning {
        Some(Warning::StraightRowsOfKeysAreEasyToGuess | Warning::ShortKeyboardPatternsAreEasyToGuess) => {
            Advice::KeyboardPattern
        }
        Some(Warning::RepeatsLikeAaaAreEasyToGuess | Warning::RepeatsLikeAbcAbcAreOnlySlightlyHarderToGuess) => {
            Advice::Repeats
        }
        Some(
            Warning::ThisIsATop10Password
            | Warning::ThisIsATop100Password
            | Warning::ThisIsACommonPassword
            | Warning::ThisIsSimilarToACommonlyUsedPassword,
        ) => Advice::LikeACommonOne,
        Some(Warning::SequencesLikeAbcAreEasyToGuess) => Advice::Sequence,
        Some(Warning::RecentYearsAreEasyToGuess | Warning::DatesAreOftenEasyToGuess) => Advice::Date,
        Some(
            Warning::AWordByItselfIsEasyToGuess
            | Warning::NamesAndSurnamesByThemselvesAreEasyToGuess
            | Warning::CommonNamesAndSurnamesAreEasyToGuess,
        ) => Advice::OneWord,
        None if suggestions.contains(&Suggestion::PredictableSubstitutionsDontHelpVeryMuch) => Advice::LikeACommonOne,
        None => Advice::TooLittle,
    }
}
