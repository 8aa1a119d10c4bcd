//! A server whose every address has a secret in it tells it to nobody, whatever fails and however much it logs.

use redis::aio::MultiplexedConnection;
use serde_json::{Value as Json, json};

use super::{SECRET, assert_hidden};
use crate::bounds::until;
use crate::support::app::client;
use crate::support::program::Folder;
use crate::support::proxy::Proxy;
use crate::support::redis_server::connected;
use crate::support::services::{redis_address, redis_prefix, redis_url};

async fn redis() -> MultiplexedConnection {
    connected(&redis_url()).await
}

async fn acl<T: redis::FromRedisValue>(redis: &mut MultiplexedConnection, words: &[&str]) -> T {
    let mut command = redis::cmd("ACL");
    command.arg(words);
    command.query_async(redis).await.expect("the server knows ACLs")
}

#[tokio::test(flavor = "multi_thread")]
async fn no_output_of_a_server_has_it() {
    let (folder, mut redis) = (Folder::with_books(), redis().await);
    let (user, password) = (redis_prefix(), format!(">{SECRET}"));
    let () = acl(&mut redis, &["SETUSER", &user, "on", &password, "~*", "&*", "+@all"]).await;
    let proxy = Proxy::start(&redis_address()).await;
    folder.write("cache", &format!("redis://{user}:{SECRET}@{}\n", proxy.address()));
    folder.write("traces", &format!("http://ann:{SECRET}@127.0.0.1:9/in?key={SECRET}\n"));
    let settings = format!("deployment = '{user}'\ncache_file = 'cache'\ntraces_file = 'traces'\n");
    folder.write("oponn.toml", &settings);
    let serving = folder.serve(&["--log=trace"]);
    let mut told = Vec::new();
    let mut look = async || {
        for path in ["/readyz", "/metrics", "/nothing", "/graphql?query=%7B", "/graphql?query=%7Bbooks%7D"] {
            let answer = client().get(format!("http://{}{path}", serving.address)).send().await;
            told.push(answer.expect("the server answers").text().await.expect("text"));
        }
        let read = serving.query("{ books { totalCount nodes { title } } }").await;
        assert_eq!(read["data"]["books"]["totalCount"], 2, "{read}");
        told.push(read.to_string());
    };
    let cached = async || serving.get("/readyz").await.1["cache"]["answers"] == true;
    until(cached).await;
    look().await;
    // Out of reach.
    proxy.cut();
    until(async || !cached().await).await;
    look().await;
    // There again, but with another password.
    let () = acl(&mut redis, &["SETUSER", &user, "resetpass", ">other"]).await;
    let () = acl(&mut redis, &["LOG", "RESET"]).await;
    proxy.restore();
    until(async || {
        let refused: redis::Value = acl(&mut redis, &["LOG"]).await;
        format!("{refused:?}").contains(&user)
    })
    .await;
    look().await;
    let mut log = serving.lines.iter().map(Json::to_string).collect::<Vec<_>>().join("\n");
    let (code, rest) = serving.stop();
    let () = acl(&mut redis, &["DELUSER", &user]).await;
    log.push_str(&rest);
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains(&json!("TRACE").to_string()), "it logs all that it can: {log}");
    told.push(log);
    for text in told {
        assert!(!text.contains(SECRET), "{text}");
    }
}

#[test]
fn no_output_of_a_server_that_cannot_start_has_it() {
    let folder = Folder::with_books();
    folder.write("oponn.toml", "[server]\nstore_retry = '1ms'\n");
    let options = "serverSelectionTimeoutMS=200&connectTimeoutMS=200";
    for address in [
        // Out of reach, and no addresses at all.
        format!("mongodb://ann:{SECRET}@127.0.0.1:9/x?{options}"),
        format!("mongodb://ann:{SECRET}@127.0.0.1:port/x?{options}"),
        format!("mongodb+srv://ann:{SECRET}@nowhere.invalid/x?{options}"),
        format!("mongodb://127.0.0.1:9/x?authMechanismProperties={SECRET}&{options}"),
        SECRET.to_owned(),
    ] {
        folder.write("store", &address);
        assert_hidden(
            &folder,
            &["serve", "--log=trace", "--listen=127.0.0.1:0"],
            &[("OPONN_STORE_FILE", "store")],
        );
    }
}
