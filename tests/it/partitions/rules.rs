//! Rules of access: viewers share a partition, and each sees of it what the rules show.

use redis::AsyncCommands;
use serde_json::{Value as Json, json};

use crate::access::{setup, token};
use crate::support::app::{CacheKind, StoreKind};

const SDL: &str = r#"
type Note @collection @partition(by: ["room"])
  @access(roles: ["admin"], read: true, write: true)
  @access(read: [{author: {eq: "$viewer.sub"}}, {public: {eq: true}}]) {
  id: ID! @id(as: STRING, client: true)
  room: String!
  author: String
  public: Boolean
  text: String
}

type Diary @collection @partition(by: ["author"])
  @access(roles: ["admin"], read: true, write: true)
  @access(read: {author: {eq: "$viewer.sub"}}) {
  id: ID! @id(as: STRING, client: true)
  author: String
}
"#;

#[tokio::test(flavor = "multi_thread")]
async fn viewers_share_a_partition_and_see_their_own() {
    for cache in [CacheKind::Memory, CacheKind::Redis] {
        let app = setup(SDL).on(StoreKind::Mongo, cache).start().await;
        let admin = token(&["admin"], json!({ "sub": "root" }));
        let ask = async |token: &str, text: &str| {
            let answer = app.query_as(token, text, json!({})).await;
            assert_eq!(answer["errors"], Json::Null, "{answer}");
            answer["data"].clone()
        };
        for number in 0..9 {
            let (author, public) = (["ann", "bob", "eve"][number % 3], number < 3);
            let note = format!(
                "createNote(input: {{id: \"n{number}\", room: \"r\", author: \"{author}\", public: {public}}}) {{ id }}"
            );
            let diary = format!("createDiary(input: {{id: \"d{number}\", author: \"{author}\"}}) {{ id }}");
            ask(&admin, &format!("mutation {{ {note} {diary} }}")).await;
        }
        let (ann, bob, nobody) = (json!({ "sub": "ann" }), json!({ "sub": "bob" }), json!({}));
        let sees = [(&ann, 5), (&bob, 5), (&nobody, 3)];
        for round in 0..3 {
            for (claims, count) in sees {
                let viewer = token(&[], claims.clone());
                let text = format!(
                    "{{ notes(where: {{room: {{eq: \"r\"}}, text: {{eq: null}}}}, first: {}) {{ totalCount nodes {{ author public }} }} }}",
                    10 + round
                );
                let notes = ask(&viewer, &text).await["notes"].clone();
                assert_eq!(notes["totalCount"], count, "{claims}");
                for note in notes["nodes"].as_array().expect("a list") {
                    assert!(
                        note["public"] == true || note["author"] == claims["sub"],
                        "{claims} sees {note}"
                    );
                }
                let everybody = format!(
                    "{{ notes(where: {{room: {{eq: \"r\"}}}}, first: 1, offset: {}) {{ totalCount }} }}",
                    round + count
                );
                assert_eq!(ask(&viewer, &everybody).await["notes"]["totalCount"], count);
                // The rule alone fixes the partition.
                let own =
                    ask(&viewer, &format!("{{ diaries(first: {}) {{ nodes {{ author }} }} }}", 20 + round))
                        .await;
                for diary in own["diaries"]["nodes"].as_array().expect("a list") {
                    assert_eq!(diary["author"], claims["sub"]);
                }
            }
            assert_eq!(
                ask(&admin, "{ notes(where: {room: {eq: \"r\"}}) { totalCount } }").await["notes"]["totalCount"],
                9
            );
        }
        if let CacheKind::Redis = cache {
            let pattern = format!("{}h:*", app.key("").replace(['{', '}'], "?"));
            let keys: Vec<String> = app.raw_redis().await.keys(pattern).await.expect("Redis answers");
            // The room, and the diaries of those who have a name.
            assert_eq!(keys.len(), 3, "{keys:?}");
        }
    }
}
