//! A hash of items for each profile, and sorted sets by dimension.

use redis::Script;
use redis::aio::MultiplexedConnection;

use super::item::{Asked, Item};
use crate::Failure;

/// The number of items in a set or in the union of some, and those of a window, latest first.
const PAGE: &str = r"
local ids, total
if #KEYS == 2 then
  total = redis.call('ZCARD', KEYS[2])
  ids = redis.call('ZREVRANGE', KEYS[2], ARGV[1], ARGV[1] + ARGV[2] - 1)
else
  local some = {}
  for n = 2, #KEYS do some[n - 1] = KEYS[n] end
  -- The keys and the option are one list of arguments.
  some[#some + 1], some[#some + 2] = 'AGGREGATE', 'MAX'
  local all = redis.call('ZUNION', #KEYS - 1, unpack(some))
  total, ids = #all, {}
  for n = total - ARGV[1], math.max(1, total - ARGV[1] - ARGV[2] + 1), -1 do ids[#ids + 1] = all[n] end
end
if #ids == 0 then return {total, {}} end
return {total, redis.call('HMGET', KEYS[1], unpack(ids))}
";

/// Puts an item, and takes it out of the sets in which it was before.
const PUT: &str = r"
local base, asset, item, score = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
local was = redis.call('HGET', base .. ':d', asset)
local now = table.concat(ARGV, '\n', 4)
if was and was ~= now then
  for set in string.gmatch(was, '[^\n]+') do redis.call('ZREM', base .. set, asset) end
end
redis.call('HSET', base, asset, item)
if was ~= now then redis.call('HSET', base .. ':d', asset, now) end
for n = 4, #ARGV do redis.call('ZADD', base .. ARGV[n], score, asset) end
return 1
";

pub struct Sets {
    page: Script,
    put: Script,
}

impl Sets {
    pub fn new() -> Sets {
        Sets { page: Script::new(PAGE), put: Script::new(PUT) }
    }

    pub async fn history(
        &self,
        mut redis: MultiplexedConnection,
        profile: &str,
        asked: &Asked,
    ) -> Result<Vec<u8>, Failure> {
        let base = format!("h:{profile}");
        let mut page = self.page.key(&base);
        for set in asked_for(asked) {
            page.key(format!("{base}{set}"));
        }
        page.arg(asked.offset).arg(asked.limit);
        let (total, items): (usize, Vec<Vec<u8>>) = page.invoke_async(&mut redis).await?;
        // The items are stored as they are answered.
        let mut answer = format!("{{\"total\":{total},\"items\":[").into_bytes();
        answer.extend(items.join(&b','));
        answer.extend(b"]}");
        Ok(answer)
    }

    pub async fn one(
        &self,
        mut redis: MultiplexedConnection,
        profile: &str,
        asset: &str,
    ) -> Result<Option<Vec<u8>>, Failure> {
        let mut command = redis::cmd("HGET");
        Ok(command.arg(format!("h:{profile}")).arg(asset).query_async(&mut redis).await?)
    }

    pub async fn put(
        &self,
        mut redis: MultiplexedConnection,
        profile: &str,
        item: &Item<'_>,
    ) -> Result<Vec<u8>, Failure> {
        let text = serde_json::to_vec(item)?;
        let mut put = self.put.key(format!("h:{profile}"));
        put.arg(&*item.asset).arg(&text).arg(millis(&item.watched_at));
        for set in sets_of(item) {
            put.arg(set);
        }
        put.invoke_async::<()>(&mut redis).await?;
        Ok(text)
    }
}

/// The sets that an item is in.
fn sets_of(item: &Item<'_>) -> Vec<String> {
    let mut sets = vec![":all".to_owned()];
    if let Some(sport) = &item.sport {
        sets.push(format!(":s:{sport}"));
        if let Some(series) = &item.series {
            sets.push(format!(":s:{sport}:{series}"));
            sets.extend(item.teams.iter().map(|team| format!(":s:{sport}:{series}:{team}")));
        }
    }
    if let Some(show) = &item.show {
        sets.push(format!(":w:{show}"));
        sets.extend(item.season.map(|season| format!(":w:{show}:{season}")));
    }
    sets
}

/// The set that a look-up is for, or several that it is for the union of.
fn asked_for(asked: &Asked) -> Vec<String> {
    match (&asked.sport, &asked.series, &asked.show, asked.season) {
        (Some(sport), Some(series), ..) if !asked.teams.is_empty() => {
            asked.teams.iter().map(|team| format!(":s:{sport}:{series}:{team}")).collect()
        }
        (Some(sport), Some(series), ..) => vec![format!(":s:{sport}:{series}")],
        (Some(sport), ..) => vec![format!(":s:{sport}")],
        (.., Some(show), Some(season)) => vec![format!(":w:{show}:{season}")],
        (.., Some(show), None) => vec![format!(":w:{show}")],
        _ => vec![":all".to_owned()],
    }
}

/// Milliseconds since 1970 of a time such as `2026-05-01T12:00:00.000Z`; 0 for anything else.
fn millis(text: &str) -> i64 {
    let part =
        |from: usize, to: usize| text.get(from..to).and_then(|part| part.parse::<i64>().ok()).unwrap_or(0);
    let (year, month, day) = (part(0, 4), part(5, 7), part(8, 10));
    // The year begins in March, so that the day that some years have more is its last.
    let (year, month) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - 719_468;
    ((days * 24 + part(11, 13)) * 60 + part(14, 16)) * 60_000 + part(17, 19) * 1_000 + part(20, 23)
}
