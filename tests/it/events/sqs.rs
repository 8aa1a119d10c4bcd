//! Queues of Amazon SQS, before something that speaks their protocol.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::{Value as Json, json};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::support::program::Folder;

const SDL: &str = "type Item @collection\n  @emit(name: \"set\", to: \"plain\", on: [CREATE, UPDATE], payload: {n: \
                   \"$after.n\"})\n  @emit(name: \"set\", to: \"fifo\", on: [CREATE, UPDATE], payload: {n: \"$after.n\"}) \
                   {\n  id: ID! @id(as: STRING, client: true)\n  n: Int!\n}\n";

type Sent = watch::Sender<Vec<Json>>;

async fn take(State(sent): State<Arc<Sent>>, headers: HeaderMap, body: String) -> (StatusCode, String) {
    let header = |name: &str| headers.get(name).expect(name).to_str().expect("text").to_owned();
    assert_eq!(header("x-amz-target"), "AmazonSQS.SendMessage");
    let authorization = header("authorization");
    assert!(authorization.starts_with("AWS4-HMAC-SHA256 Credential=AKTEST/"), "{authorization}");
    assert!(authorization.contains("/eu-west-1/sqs/"), "{authorization}");
    let message: Json = serde_json::from_str(&body).expect("JSON");
    let mut fails = false;
    sent.send_modify(|all| {
        all.push(message);
        fails = all.len() == 1;
    });
    match fails {
        true => (StatusCode::SERVICE_UNAVAILABLE, json!({ "__type": "ServiceUnavailable" }).to_string()),
        false => (StatusCode::OK, json!({ "MessageId": "m", "MD5OfMessageBody": "x" }).to_string()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_gets_a_message_per_event() {
    let sent = Arc::new(Sent::default());
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
    let endpoint = format!("http://{}", listener.local_addr().expect("it is bound"));
    let router = Router::new().route("/", post(take)).with_state(sent.clone());
    let _serving = tokio_util::task::AbortOnDropHandle::new(tokio::spawn(async move {
        axum::serve(listener, router).await.expect("it serves");
    }));
    let folder = Folder::new();
    folder.write("schema.graphql", SDL);
    let sink = |name: &str, queue: &str| {
        format!(
            "[events.sinks.{name}]\ntype = 'sqs'\nregion = 'eu-west-1'\nendpoint = '{endpoint}'\n\
             queue = 'https://sqs.eu-west-1.amazonaws.com/1/{queue}'\n"
        )
    };
    folder.write("oponn.toml", &(sink("plain", "items") + &sink("fifo", "items.fifo")));
    let keys = [("AWS_ACCESS_KEY_ID", "AKTEST"), ("AWS_SECRET_ACCESS_KEY", "secret")];
    let server = folder.serve_in(&keys);
    let create = "mutation { createItem(input: {id: \"a/ü\", n: 0}) { id } }";
    assert!(server.query(create).await["errors"].is_null());
    for n in 1..=5 {
        let set = format!("mutation {{ updateItem(id: \"a/ü\", set: {{n: {n}}}) {{ id }} }}");
        assert!(server.query(&set).await["errors"].is_null());
    }
    let mut all = sent.subscribe();
    // One of them fails first.
    let all = all.wait_for(|all| all.len() >= 13);
    let all = tokio::time::timeout(std::time::Duration::from_secs(60), all).await.expect("they come");
    let all = all.expect("the sender is here").clone();
    for queue in ["items", "items.fifo"] {
        let of_queue: Vec<&Json> = all
            .iter()
            .filter(|one| one["QueueUrl"].as_str().is_some_and(|url| url.ends_with(&format!("/{queue}"))))
            .collect();
        let mut told: Vec<&str> =
            of_queue.iter().map(|one| one["MessageBody"].as_str().expect("a body")).collect();
        told.dedup();
        assert_eq!(told, (0..=5).map(|n| format!("{{\"n\":{n}}}")).collect::<Vec<_>>());
        for one in of_queue {
            let attribute = |name: &str| one["MessageAttributes"][name]["StringValue"].as_str().expect(name);
            assert_eq!((attribute("name"), attribute("type")), ("set", "Item"));
            match queue {
                "items" => assert!(one.get("MessageGroupId").is_none()),
                _ => {
                    assert_eq!(one["MessageDeduplicationId"], attribute("id"));
                    assert_eq!(
                        one["MessageGroupId"],
                        all.iter().find_map(|it| it.get("MessageGroupId")).cloned().expect("a group")
                    );
                }
            }
        }
    }
}
