//! Every algorithm, from every place that keys come from; and no key is used otherwise than it is made for.

use serde_json::json;

use super::key_server::KeyServer;
use super::mint::{Pair, SECRET, base64, claims};
use super::{app, ask_with, issuer, let_in, refused, verdict, with_key};

fn pairs() -> [Pair; 5] {
    [Pair::secret(), Pair::rsa(), Pair::p256(), Pair::p384(), Pair::ed25519()]
}

#[tokio::test]
async fn tokens_of_every_algorithm_are_taken() {
    for pair in pairs() {
        let public = app(&with_key(&pair, "")).await;
        let private = app(&with_key(&pair, "").replace(&pair.public(), &pair.private())).await;
        for algorithm in pair.algorithms() {
            let token = pair.token(&json!({ "alg": algorithm }), &claims(json!({})));
            let_in(&ask_with(&public, &token).await);
            let_in(&ask_with(&private, &token).await);
        }
    }
}

#[tokio::test]
async fn tokens_of_every_public_algorithm_are_taken_with_keys_of_a_server() {
    let pairs = [Pair::rsa(), Pair::p256(), Pair::p384(), Pair::ed25519()];
    let names = ["rsa", "p256", "p384", "ed"];
    let server = KeyServer::start(pairs.iter().zip(names).map(|(pair, name)| pair.jwk(name)).collect()).await;
    let all: Vec<&str> = pairs.iter().flat_map(|pair| pair.algorithms()).copied().collect();
    let app = app(&issuer(&format!("algorithms = {all:?}\njwks = '{}'", server.url()))).await;
    for (pair, name) in pairs.iter().zip(names) {
        for algorithm in pair.algorithms() {
            let token = |kid: &str| pair.token(&json!({ "alg": algorithm, "kid": kid }), &claims(json!({})));
            let_in(&ask_with(&app, &token(name)).await);
            for other in names.into_iter().filter(|other| *other != name) {
                refused(
                    verdict(&app, &token(other)).await,
                    "signed with a key that its issuer does not have",
                );
            }
        }
    }
}

#[tokio::test]
async fn a_signature_of_somebody_else_is_refused() {
    for pair in pairs() {
        let app = app(&with_key(&pair, "")).await;
        let good = pair.good(json!({}));
        let (message, signature) = good.rsplit_once('.').expect("three parts");
        let (header, _) = message.split_once('.').expect("two parts");
        let other = match &pair {
            Pair::Secret(_) => Pair::Secret(SECRET.replace('0', "1").into()),
            Pair::P256(..) => Pair::p256(),
            Pair::P384(..) => Pair::p384(),
            _ => Pair::ed25519(),
        };
        let algorithm = pair.algorithms()[0];
        let changed = base64(claims(json!({ "sub": "eve" })).to_string().as_bytes());
        for token in [
            format!("{header}.{changed}.{signature}"),
            format!("{message}.{}", base64(&other.sign(algorithm, message.as_bytes()))),
            format!("{message}."),
            format!("{message}.{}", base64(&[0; 64])),
            format!("{message}.{}", &signature[4..]),
            format!("{message}.{signature}AAAA"),
            format!("{message}.{signature}="),
            format!("{message}.!"),
        ] {
            refused(verdict(&app, &token).await, "signature is not that of its issuer");
        }
        assert_eq!(app.metric("oponn_auth_requests_total", &[("result", "signature")]).await, 8);
    }
}

/// Both spellings of the last character decode to the same bytes, which would give one signature two texts.
#[tokio::test]
async fn a_signature_has_one_spelling() {
    let pair = Pair::secret();
    let app = app(&with_key(&pair, "")).await;
    let good = pair.good(json!({}));
    let (rest, last) = good.split_at(good.len() - 1);
    let digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let at = digits.find(last).expect("a digit");
    let other = &digits[at + 1..at + 2];
    refused(verdict(&app, &format!("{rest}{other}")).await, "signature is not that of its issuer");
}
