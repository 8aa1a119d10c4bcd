//! The description of routes, and a fuzzer that looks for differences between it and what the routes do.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value as Json, json};

use super::{get, put, setup};

#[tokio::test]
async fn routes_are_described_for_programs_and_for_people() {
    let app = setup().start().await;
    let told = get(&app, "/openapi.json").await;
    assert_eq!((told.status.as_u16(), told.header("content-type")), (200, "application/json"));
    let openapi = told.json();
    assert_eq!(openapi["openapi"], "3.1.0");
    let paths: Vec<&String> = openapi["paths"].as_object().expect("paths").keys().collect();
    assert_eq!(paths.len(), 6, "{paths:?}");
    let put = &openapi["paths"]["/v1/books/{isbn}"]["put"];
    let body = &put["requestBody"]["content"]["application/json"]["schema"];
    let year = json!({ "type": ["integer", "null"], "format": "int32", "minimum": -3000, "maximum": 3000 });
    assert_eq!((&body["properties"]["year"], &body["required"]), (&year, &json!(["title"])));
    let isbn = json!({ "type": "string", "minLength": 1, "maxLength": 20 });
    assert_eq!(put["parameters"][0]["schema"], isbn, "{put}");
    let row = &put["responses"]["200"]["content"]["application/json"]["schema"];
    assert_eq!(row["properties"]["sold"], json!({ "type": ["boolean", "null"] }), "{row}");
    let page = get(&app, "/openapi").await;
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert!(page.text.contains("/v1/books/{isbn}") && page.text.contains("RemoveBook"), "{}", page.text);
    // Without routes there is nothing to describe.
    let bare = crate::support::app::TestApp::new(super::SDL).await;
    assert_eq!(get(&bare, "/openapi.json").await.status.as_u16(), 404);
}

/// `make test` installs it.
fn schemathesis() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let program = target.join("tools/python/bin/schemathesis");
    assert!(program.exists(), "{} is not there: `make test` installs it", program.display());
    program
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fuzzer_finds_no_difference_between_the_description_and_the_routes() {
    let app = setup().start().await;
    put(&app, "/v1/books/1", json!({ "title": "A" })).await;
    let address = app.url("/openapi.json");
    let seed = std::env::var("OPONN_TEST_FUZZ_SEED").unwrap_or_else(|_| "1".to_owned());
    let cases = std::env::var("OPONN_TEST_FUZZ_CASES").unwrap_or_else(|_| "25".to_owned());
    let run = move || {
        let mut command = Command::new(schemathesis());
        command.args(["run", &address, "--seed", &seed, "--max-examples", &cases, "--no-color"]);
        command.args(["--generation-database", "none"]);
        command.current_dir(std::env::temp_dir()).output()
    };
    let done = tokio::task::spawn_blocking(run).await.expect("no panic").expect("it runs");
    let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{out}\n{err}");
    let tested = Json::from(out.contains("Tested: "));
    assert_eq!(tested, true, "{out}");
}
