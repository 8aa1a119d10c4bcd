//! Variables of saved operations that clients do not give, because their values are claims of the sender.

use axum::http::StatusCode;
use serde_json::{Map, Value as Json};

use super::fault::RequestFault;
use crate::metrics::ErrorCode;
use crate::operations::Claim;
use crate::viewer::Viewer;

/// Fills the variables of an operation that are claims.
pub(super) fn fill(
    claims: &[Claim],
    viewer: Option<&Viewer>,
    variables: &mut Map<String, Json>,
) -> Result<(), RequestFault> {
    for Claim { variable, claim } in claims {
        if variables.contains_key(variable) {
            let message =
                format!("`${variable}` cannot be given: it is the claim `{claim}` of whoever asks.");
            return Err(RequestFault::bad_request(message));
        }
        let value = viewer.and_then(|viewer| viewer.claim(claim)).filter(|value| !value.is_null());
        let Some(value) = value else {
            let (status, code, message) = match viewer {
                Some(_) => {
                    let message = format!("This is for those whose token has the claim `{claim}`.");
                    (StatusCode::FORBIDDEN, ErrorCode::Forbidden, message)
                }
                None => {
                    let message = "This is for those who say who they are, and this server asks nobody: its \
                                   settings have no `[auth]`.";
                    (StatusCode::UNAUTHORIZED, ErrorCode::Unauthenticated, message.to_owned())
                }
            };
            return Err(RequestFault { code, ..RequestFault::new(status, message) });
        };
        variables.insert(variable.clone(), value.clone());
    }
    Ok(())
}
