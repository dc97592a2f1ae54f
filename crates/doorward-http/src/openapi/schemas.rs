#![expect(dead_code, reason = "these only describe answers")]

use utoipa::{
    ToSchema,
    openapi::schema::{Object, ObjectBuilder, Type},
};

/// The envelope of a failure.
#[derive(ToSchema)]
pub(crate) struct ErrorAnswer {
    /// The HTTP status, also where that is always 200.
    #[schema(example = 401)]
    code: u16,
    /// For a person, in the language of `Accept-Language`.
    #[schema(example = "Invalid username or password.")]
    message: String,
    #[schema(schema_with = always_null)]
    data: (),
    /// For a program: a name that never changes.
    #[schema(example = "invalid_credentials")]
    error: String,
    /// Which fields can't be taken, where the error is `invalid_fields`.
    errors: Option<Vec<FieldErrorAnswer>>,
}

pub(crate) fn always_null() -> Object {
    ObjectBuilder::new().schema_type(Type::Null).description(Some("Always null.")).build()
}

/// A field that can't be taken.
#[derive(ToSchema)]
pub(crate) struct FieldErrorAnswer {
    #[schema(example = "password")]
    field: String,
    /// `required`, `wrong_type`, `unknown_field`, `duplicate_field`, `empty`, `too_long`, `too_short`,
    /// `invalid_characters`, `not_an_address`, `not_allowed`, `too_common`, `breached`, `guessable`.
    #[schema(example = "required")]
    error: String,
    #[schema(example = "This field is required.")]
    message: String,
}
