//! What a token says, once it is known who says it: for when, for whom, and about whom.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value as Json};

use super::Denied;
use crate::config::{ClaimPath, IssuerSettings, Requirement};
use crate::viewer::{Identity, Viewer};

/// A point in time, in seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub(super) struct Moment(f64);

impl Moment {
    pub(super) fn of(time: SystemTime) -> Moment {
        // A clock before 1970 makes every token one of the future.
        Moment(time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64())
    }
}

/// The time in which a token is valid, with the difference of clocks that is tolerated.
#[derive(Clone, Copy, Debug)]
pub(super) struct Validity {
    from: Moment,
    until: Moment,
}

impl Validity {
    pub(super) fn of(claims: &Map<String, Json>, leeway: Duration) -> Result<Validity, Denied> {
        let time = |name: &str| {
            let time = claims.get(name).map(|time| time.as_f64().filter(|time| time.is_finite()));
            time.map(|time| time.ok_or(Denied::Malformed("`exp` and `nbf` have to be numbers"))).transpose()
        };
        let until = time("exp")?.ok_or(Denied::Malformed("it has to have an end (`exp`)"))?;
        let from = time("nbf")?.unwrap_or(f64::NEG_INFINITY);
        let leeway = leeway.as_secs_f64();
        Ok(Validity { from: Moment(from - leeway), until: Moment(until + leeway) })
    }

    pub(super) fn check(&self, now: Moment) -> Result<(), Denied> {
        match (now < self.from, now >= self.until) {
            (_, true) => Err(Denied::Expired),
            (true, false) => Err(Denied::Early),
            (false, false) => Ok(()),
        }
    }
}

/// Whether the claim `aud` names one of these.
pub(super) fn is_for(claims: &Map<String, Json>, audience: &[String]) -> bool {
    let is_ours = |name: &Json| name.as_str().is_some_and(|name| audience.iter().any(|ours| ours == name));
    match claims.get("aud") {
        Some(Json::Array(names)) => names.iter().any(is_ours),
        Some(name) => is_ours(name),
        None => false,
    }
}

/// How the claims of one issuer's tokens become a viewer.
pub(super) struct Reading {
    require: Vec<Requirement>,
    roles: Vec<ClaimPath>,
    claims: Option<Vec<(String, ClaimPath)>>,
}

impl Reading {
    pub(super) fn new(settings: &IssuerSettings) -> Reading {
        let IssuerSettings { require, roles, claims, .. } = settings.clone();
        Reading { require, roles, claims }
    }

    /// The viewer, if the token has everything that has to be in it.
    pub(super) fn viewer(&self, claims: &Map<String, Json>) -> Result<Arc<Viewer>, Denied> {
        let lacking = self.require.iter().find(|required| !is_met(required, claims));
        if let Some(required) = lacking {
            return Err(Denied::Claim(required.path.to_string()));
        }
        let mut roles = Vec::new();
        for value in self.roles.iter().filter_map(|path| path.read(claims)) {
            texts(&value, &mut roles);
        }
        let known = match &self.claims {
            None => claims.clone(),
            Some(known) => {
                known.iter().filter_map(|(name, path)| Some((name.clone(), path.read(claims)?))).collect()
            }
        };
        Ok(Arc::new(Viewer::new(roles, known).known_as(identity(claims))))
    }
}

/// Who the token is about: its subject, which only its issuer tells from others.
fn identity(claims: &Map<String, Json>) -> Option<Identity> {
    let text = |name: &str| claims.get(name).and_then(Json::as_str);
    let subject = text("sub").filter(|subject| !subject.is_empty())?;
    Some(Identity::of(&["token", text("iss").unwrap_or_default(), subject]))
}

fn is_met(required: &Requirement, claims: &Map<String, Json>) -> bool {
    let found = required.path.read(claims).filter(|value| !value.is_null());
    found.is_some_and(|found| required.values.as_ref().is_none_or(|values| values.contains(&found)))
}

/// The texts in a value: itself, or those in the list that it is.
fn texts(value: &Json, found: &mut Vec<Arc<str>>) {
    match value {
        Json::String(text) => found.push(text.as_str().into()),
        Json::Array(items) => items.iter().for_each(|item| texts(item, found)),
        _ => {}
    }
}
