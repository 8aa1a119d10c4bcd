//! Why a request has no viewer, in words for the developer who sent it. Nothing of a token or a key is repeated.

use crate::metrics::AuthResult;

/// Why a request is refused before it is read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// It has no credentials.
    #[error("Nobody is signed in; send `Authorization: Bearer` and a token, or `X-API-Key` and a key.")]
    Missing,
    /// It has more than one.
    #[error(
        "The request has several credentials; send one `Authorization` header or one `X-API-Key` header."
    )]
    Several,
    /// The header is not what it has to be.
    #[error("The header `Authorization` has to be `Bearer`, a space and a token.")]
    Scheme,
    /// The token is not one.
    #[error("The token cannot be read: {0}.")]
    Malformed(&'static str),
    /// No issuer in the settings is the token's.
    #[error("The token is from an issuer that is not known here (`iss`).")]
    Issuer,
    /// The token is signed otherwise than its issuer's are, or not at all.
    #[error("The token is signed in a way that its issuer's tokens are not signed here (`alg`).")]
    Algorithm,
    /// The issuer has no key of that name.
    #[error("The token is signed with a key that its issuer does not have, or not any more (`kid`).")]
    UnknownKey,
    /// The token does not say which of several keys it is signed with.
    #[error("The token does not name its key (`kid`), and its issuer has several.")]
    UnnamedKey,
    /// The issuer's keys are not known, and cannot be fetched.
    #[error("The keys of the token's issuer cannot be fetched; try again in a while.")]
    KeysAway,
    /// Somebody else has signed the token, or changed it.
    #[error("The token's signature is not that of its issuer.")]
    Signature,
    /// The token needs what is not understood here.
    #[error("The token asks for extensions that are not understood here (`crit`).")]
    Critical,
    /// The token is of another kind.
    #[error("The token is of another kind than those that are taken here (`typ`).")]
    Type,
    /// The token's time is over.
    #[error("The token has expired (`exp`); get a new one.")]
    Expired,
    /// The token's time has not come.
    #[error("The token is not valid yet (`nbf`).")]
    Early,
    /// The token is for somebody else.
    #[error("The token is for another audience (`aud`).")]
    Audience,
    /// A claim that has to be there is not, or has another value.
    #[error("The token does not have the claim `{0}` as it has to be here.")]
    Claim(String),
    /// No such key is in the settings.
    #[error("The API key is not known here.")]
    ApiKey,
}

impl Denied {
    /// Whether somebody may be guessing: the request has credentials, and nobody vouches for them. What a token says is
    /// looked at only when its issuer has signed it.
    pub fn may_be_a_guess(&self) -> bool {
        match self {
            Denied::Several
            | Denied::Scheme
            | Denied::Malformed(_)
            | Denied::Issuer
            | Denied::Algorithm
            | Denied::UnknownKey
            | Denied::UnnamedKey
            | Denied::Signature
            | Denied::Critical
            | Denied::ApiKey => true,
            Denied::Missing
            | Denied::KeysAway
            | Denied::Type
            | Denied::Expired
            | Denied::Early
            | Denied::Audience
            | Denied::Claim(_) => false,
        }
    }

    /// How it is counted.
    pub(super) fn result(&self) -> AuthResult {
        match self {
            Denied::Missing => AuthResult::Missing,
            Denied::Several | Denied::Scheme | Denied::Malformed(_) | Denied::Critical => {
                AuthResult::Malformed
            }
            Denied::Issuer => AuthResult::Issuer,
            Denied::Algorithm => AuthResult::Algorithm,
            Denied::UnknownKey | Denied::UnnamedKey => AuthResult::UnknownKey,
            Denied::KeysAway => AuthResult::KeysAway,
            Denied::Signature => AuthResult::Signature,
            Denied::Type | Denied::Claim(_) => AuthResult::Claim,
            Denied::Expired => AuthResult::Expired,
            Denied::Early => AuthResult::Early,
            Denied::Audience => AuthResult::Audience,
            Denied::ApiKey => AuthResult::UnknownApiKey,
        }
    }
}
