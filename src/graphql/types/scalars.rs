//! The scalars that are not GraphQL's own.

use async_graphql::dynamic;

use crate::schema::Scalar;

/// The declaration of a scalar; `None` for GraphQL's own.
pub fn custom(scalar: Scalar) -> Option<dynamic::Scalar> {
    let (description, specified_by) = match scalar {
        Scalar::Id | Scalar::String | Scalar::Int | Scalar::Float | Scalar::Boolean => return None,
        Scalar::DateTime => (
            "A moment to the millisecond in RFC 3339, as \"2026-01-31T09:30:00Z\". Any offset is accepted; \
             answers are in UTC.",
            Some("https://www.rfc-editor.org/rfc/rfc3339"),
        ),
        Scalar::Date => {
            ("A day of the calendar, as \"2026-01-31\".", Some("https://www.rfc-editor.org/rfc/rfc3339"))
        }
        Scalar::Decimal => (
            "An exact decimal number of up to 34 digits. Answers are strings, as \"12.50\"; numbers are accepted \
             too and are not rounded.",
            None,
        ),
        Scalar::Long => ("A whole number of 64 bits. Strings are accepted too.", None),
        Scalar::Uuid => (
            "A UUID, as \"01890a5d-ac96-774b-bcce-b302099a8057\".",
            Some("https://www.rfc-editor.org/rfc/rfc9562"),
        ),
        Scalar::Json => ("Any JSON value.", Some("https://www.rfc-editor.org/rfc/rfc8259")),
    };
    let declared = dynamic::Scalar::new(scalar.name()).description(description);
    Some(match specified_by {
        Some(url) => declared.specified_by_url(url),
        None => declared,
    })
}
