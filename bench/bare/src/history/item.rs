//! Items as they are stored and answered, and what is asked of them.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// An item of a history. The body of a write has no asset, which its path names.
#[derive(Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Item<'a> {
    #[serde(default, borrow)]
    pub asset: Cow<'a, str>,
    pub progress: i32,
    pub duration: i32,
    #[serde(borrow)]
    pub watched_at: Cow<'a, str>,
    #[serde(borrow)]
    pub sport: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub series: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    pub teams: Vec<Cow<'a, str>>,
    #[serde(borrow)]
    pub show: Option<Cow<'a, str>>,
    pub season: Option<i32>,
    pub episode: Option<i32>,
}

/// The conditions of a look-up, and its window.
pub struct Asked {
    pub sport: Option<String>,
    pub series: Option<String>,
    pub teams: Vec<String>,
    pub show: Option<String>,
    pub season: Option<i32>,
    pub limit: usize,
    pub offset: usize,
}

impl Asked {
    pub fn parse(query: &str) -> Asked {
        let (mut sport, mut series, mut show, mut season) = (None, None, None, None);
        let (mut teams, mut limit, mut offset) = (Vec::new(), 20, 0);
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "sport" => sport = Some(value.into_owned()),
                "series" => series = Some(value.into_owned()),
                "team" => teams.push(value.into_owned()),
                "show" => show = Some(value.into_owned()),
                "season" => season = value.parse().ok(),
                "limit" => limit = value.parse().unwrap_or(limit),
                "offset" => offset = value.parse().unwrap_or(offset),
                _ => {}
            }
        }
        Asked { sport, series, teams, show, season, limit, offset }
    }

    pub fn holds(&self, item: &Item<'_>) -> bool {
        let is = |wanted: &Option<String>, has: &Option<Cow<'_, str>>| {
            wanted.as_ref().is_none_or(|wanted| has.as_deref() == Some(wanted.as_str()))
        };
        is(&self.sport, &item.sport)
            && is(&self.series, &item.series)
            && is(&self.show, &item.show)
            && self.season.is_none_or(|season| item.season == Some(season))
            && (self.teams.is_empty()
                || self.teams.iter().any(|team| item.teams.iter().any(|has| has == team)))
    }
}
