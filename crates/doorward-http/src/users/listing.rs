use doorward_core::{
    Error, FieldProblem,
    user::{After, Search, Sort, Wanted},
};
use utoipa::IntoParams;

use crate::extract::{Fields, ReadFields};

/// Users on a page where no number is asked for.
const USUAL: u64 = 50;

/// The parameters of a list of users.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it only describes parameters")]
pub(crate) struct ListParameters {
    /// Only those whose name or address begins with this, or has it in it, whatever its case and Unicode
    /// form. `%`, `_` and `\\` mean themselves.
    #[param(max_length = 64)]
    search: Option<String>,
    /// `prefix` (as without), or `substring`: then a page can hold fewer users than asked for, or none,
    /// before the last.
    #[param(inline, value_type = Option<MatchWord>)]
    r#match: Option<String>,
    /// Only those who have this role.
    role: Option<String>,
    /// Only those who can't sign in now (`true`) or can (`false`).
    disabled: Option<bool>,
    /// Only those whose address is confirmed, or isn't.
    confirmed: Option<bool>,
    /// Only services, or only people.
    service: Option<bool>,
    /// `id`, `username`, `member_since`, `last_seen`; with `-` in front from the greatest. Not with
    /// `search`, which has its own order.
    #[param(inline, value_type = Option<SortWord>)]
    sort: Option<String>,
    /// `next` of the page before.
    cursor: Option<String>,
    /// Users on a page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u64>,
}

/// Which users, and how.
pub(crate) struct ListQuery {
    search: Option<String>,
    substring: Option<bool>,
    role: Option<String>,
    disabled: Option<bool>,
    confirmed: Option<bool>,
    service: Option<bool>,
    sort: Option<(Sort, bool)>,
    cursor: Option<String>,
    limit: Option<String>,
}

#[derive(utoipa::ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "it only describes a parameter")]
pub(crate) enum MatchWord {
    Prefix,
    Substring,
}

#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "it only describes a parameter")]
pub(crate) enum SortWord {
    #[schema(rename = "id")]
    Id,
    #[schema(rename = "-id")]
    IdDown,
    #[schema(rename = "username")]
    Username,
    #[schema(rename = "-username")]
    UsernameDown,
    #[schema(rename = "member_since")]
    MemberSince,
    #[schema(rename = "-member_since")]
    MemberSinceDown,
    #[schema(rename = "last_seen")]
    LastSeen,
    #[schema(rename = "-last_seen")]
    LastSeenDown,
}

impl ReadFields for ListQuery {
    fn read(fields: &mut Fields) -> Self {
        Self {
            search: fields.optional_text("search"),
            substring: fields.optional_word("match", |text| match text {
                "prefix" => Some(false),
                "substring" => Some(true),
                _ => None,
            }),
            role: fields.optional_text("role"),
            disabled: fields.optional_flag_word("disabled"),
            confirmed: fields.optional_flag_word("confirmed"),
            service: fields.optional_flag_word("service"),
            sort: fields.optional_word("sort", sort_named),
            cursor: fields.optional_text("cursor"),
            limit: fields.optional_text("limit"),
        }
    }
}

fn sort_named(text: &str) -> Option<(Sort, bool)> {
    let (name, descending) = text.strip_prefix('-').map_or((text, false), |name| (name, true));
    Sort::named(name).map(|sort| (sort, descending))
}

impl ListQuery {
    pub(super) fn wanted(&self) -> Result<Wanted, Error> {
        let search = match (&self.search, self.substring) {
            (Some(text), Some(true)) => Some(Search::Substring(text.clone())),
            (Some(text), _) => Some(Search::Prefix(text.clone())),
            (None, Some(_)) => return Err(Error::field("search", FieldProblem::Required)),
            (None, None) => None,
        };
        if search.is_some() && self.sort.is_some() {
            return Err(Error::field("sort", FieldProblem::NotAllowed));
        }
        // What no role is called, nobody has; PostgreSQL can't even be asked.
        if self.role.as_ref().is_some_and(|role| role.contains('\0')) {
            return Err(Error::field("role", FieldProblem::InvalidCharacters));
        }
        let (sort, descending) = self.sort.unwrap_or_default();
        Ok(Wanted {
            search,
            role: self.role.clone(),
            disabled: self.disabled,
            confirmed: self.confirmed,
            service: self.service,
            sort,
            descending,
        })
    }

    pub(super) fn after(&self) -> Option<After> {
        self.cursor.clone().map(After::Cursor)
    }

    pub(super) fn limit(&self) -> Result<u64, Error> {
        match &self.limit {
            None => Ok(USUAL),
            Some(text) => text.parse().map_err(|_| Error::field("limit", FieldProblem::OutOfRange)),
        }
    }
}
