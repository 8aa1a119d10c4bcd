//! What an operation costs its sender: taken before it is carried out, and told in its answer to whoever wants to know.

use serde_json::{Value as Json, json};

use super::answer::Refused;
use super::error::ApiError;
use super::{ApiReply, ApiRequest, Body, Outcome};
use crate::metrics::GraphqlKind;
use crate::quota::Unit;

/// Takes the cost of an operation from what the sender of a request may take.
pub(super) async fn charge(request: &ApiRequest, kind: GraphqlKind, cost: u64) -> Result<(), Refused> {
    let Some(allowance) = &request.allowance else { return Ok(()) };
    allowance.take(Unit::Points, cost).await.map_err(|refusal| {
        let mut error = ApiError::over_quota(&refusal);
        error.details.push(("cost", told(request, cost)));
        let outcome = match refusal.retry_after() {
            Some(retry_after) => Outcome::OverQuota { retry_after },
            None => Outcome::Rejected,
        };
        Refused { errors: vec![error], outcome, kind }
    })
}

/// The reply with what the operation costs, if the request asks for that and the cost is known.
pub(super) fn tell(reply: ApiReply, request: &ApiRequest, cost: Option<u64>) -> ApiReply {
    let Some(cost) = cost.filter(|_| request.tells_cost) else { return reply };
    let plain = reply.body.plain();
    let extensions = json!({ "cost": told(request, cost) });
    // Before the brace at the end.
    let mut json = plain[..plain.len().saturating_sub(1)].to_vec();
    json.extend_from_slice(format!(",\"extensions\":{extensions}}}").as_bytes());
    ApiReply { body: Body::once(json.into()), ..reply }
}

fn told(request: &ApiRequest, cost: u64) -> Json {
    let mut told = json!({ "requested": cost });
    let Some(allowance) = &request.allowance else { return told };
    if let Some(rate) = allowance.rate(Unit::Points) {
        told["limit"] = rate.amount.into();
    }
    if let Some(standing) = allowance.standing(Unit::Points) {
        told["remaining"] = standing.remaining.into();
        told["resetAfter"] = standing.seconds().into();
    }
    told
}
