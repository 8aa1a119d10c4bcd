//! Lists that are read while somebody writes: each document is as it was before or after the write, and no other.

use serde_json::{Value as Json, json};

use super::{FIELDS, Hunt, TYPES, codes};
use crate::access::domain::{Action, Reach};

impl Hunt {
    /// A list, and at the same time a write by another viewer through the other server.
    pub(super) async fn list_beside_write(&mut self, viewer: usize) {
        let ty = self.dice.roll(2);
        if self.reach(viewer, Action::Read, ty) == Reach::Never {
            return;
        }
        let writer = self.dice.roll(self.viewers.len());
        let known = |name: &&str| self.field(viewer, ty, name) > Reach::Never;
        let selected: Vec<&str> = FIELDS.into_iter().filter(known).collect();
        let before = self.all(ty).await;
        let mut after = before.clone();
        let (write, variables, outcome) = self.draw_write(writer, ty, &mut after);
        let fields = selected.join(" ");
        let list = format!("{{ l: {}(first: 500) {{ nodes {{ id {fields} }} totalCount }} }}", TYPES[ty].1);
        let server = self.dice.roll(2);
        let (read, written) = tokio::join!(
            self.send(server, viewer, &list, Json::Null),
            self.send(1 - server, writer, &write, variables.clone())
        );
        self.say(viewer, server, &list, &Json::Null, &read);
        self.say(writer, 1 - server, &write, &variables, &written);
        self.check_write(&outcome, &written);
        self.compare(ty, after.clone()).await;
        self.judged += before.len();

        self.check(&json!(codes(&read).iter().all(|code| *code == "FORBIDDEN")), &json!(true));
        let mut rows = read["data"]["l"]["nodes"].as_array().expect("a list").clone();
        let total = read["data"]["l"]["totalCount"].as_u64().expect("a number");
        let mut ids: Vec<&Json> = before.iter().chain(&after).map(|doc| &doc["id"]).collect();
        ids.sort_by_key(|id| id.to_string());
        ids.dedup();
        let (mut least, mut most) = (0, 0);
        for id in ids {
            // What the viewer has to get if the document is as it was at one of the two times.
            let seen = [&before, &after].map(|all| {
                let doc = all.iter().find(|doc| doc["id"] == *id)?;
                let visible = self.may(viewer, Action::Read, ty, doc);
                visible.then(|| self.as_seen(viewer, ty, doc, &selected, &mut 0))
            });
            least += u64::from(seen.iter().all(Option::is_some));
            most += u64::from(seen.iter().any(Option::is_some));
            let at = rows.iter().position(|row| row["id"] == *id);
            let row = at.map(|at| rows.swap_remove(at));
            self.check(&json!(seen.contains(&row)), &json!(true));
        }
        self.check(&json!(rows), &json!([]));
        self.check(&json!(least <= total && total <= most), &json!(true));
    }
}
