//! The scalars of schema files.

/// The scalars of schema files and their stored form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scalar {
    /// Stored as the id kind of the referenced type, otherwise as a string.
    Id,
    /// BSON string.
    String,
    /// 32-bit integer.
    Int,
    /// BSON double.
    Float,
    /// BSON boolean.
    Boolean,
    /// BSON date, milliseconds, shown in RFC 3339 in UTC.
    DateTime,
    /// BSON date at midnight UTC, shown as `YYYY-MM-DD`.
    Date,
    /// BSON Decimal128, shown and read as a string.
    Decimal,
    /// BSON 64-bit integer.
    Long,
    /// BSON binary of subtype 4.
    Uuid,
    /// Any BSON value that JSON can express.
    Json,
}

impl Scalar {
    /// All scalars with their GraphQL names.
    pub const ALL: [(Scalar, &'static str); 11] = [
        (Scalar::Id, "ID"),
        (Scalar::String, "String"),
        (Scalar::Int, "Int"),
        (Scalar::Float, "Float"),
        (Scalar::Boolean, "Boolean"),
        (Scalar::DateTime, "DateTime"),
        (Scalar::Date, "Date"),
        (Scalar::Decimal, "Decimal"),
        (Scalar::Long, "Long"),
        (Scalar::Uuid, "UUID"),
        (Scalar::Json, "JSON"),
    ];

    /// The name in GraphQL.
    pub fn name(self) -> &'static str {
        Scalar::ALL.iter().find(|(scalar, _)| *scalar == self).map_or("JSON", |(_, name)| name)
    }

    /// The scalar with a GraphQL name.
    pub fn from_name(name: &str) -> Option<Scalar> {
        Scalar::ALL.iter().find(|(_, n)| *n == name).map(|(scalar, _)| *scalar)
    }
}
