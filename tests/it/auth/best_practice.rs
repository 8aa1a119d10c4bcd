//! RFC 8725, "JSON Web Token Best Current Practices", section by section, and the attacks that it names.

use serde_json::{Value as Json, json};

use super::key_server::KeyServer;
use super::mint::{Pair, RSA_PUBLIC, SECRET, base64, claims, now};
use super::start::faults;
use super::{app, ask_with, issuer, let_in, refused, verdict, with_key};

const OTHER_ALGORITHM: &str = "signed in a way that its issuer's tokens are not signed here";

/// 3.1. Perform Algorithm Verification
#[tokio::test]
async fn the_algorithm_is_the_settings_choice_and_not_the_tokens() {
    let rsa = Pair::rsa();
    let app = app(&issuer(&format!("algorithms = 'RS256'\nkey = '''{RSA_PUBLIC}'''"))).await;
    let_in(&ask_with(&app, &rsa.good(json!({}))).await);
    for algorithm in ["none", "None", "NONE", "nOnE", "", "RS384", "PS256", "ES256", "HS256", "rs256", "x"] {
        let token = rsa.token(&json!({ "alg": algorithm }), &claims(json!({})));
        refused(verdict(&app, &token).await, OTHER_ALGORITHM);
        let (message, _) = token.rsplit_once('.').expect("three parts");
        refused(verdict(&app, &format!("{message}.")).await, OTHER_ALGORITHM);
    }
    for header in [json!({}), json!({ "alg": null }), json!({ "alg": ["RS256"] }), json!({ "alg": 1 })] {
        refused(verdict(&app, &rsa.token(&header, &claims(json!({})))).await, OTHER_ALGORITHM);
    }
    // The public key, which everybody has, as a secret.
    let public = Pair::Secret(RSA_PUBLIC.into());
    refused(
        verdict(&app, &public.token(&json!({ "alg": "HS256" }), &claims(json!({})))).await,
        OTHER_ALGORITHM,
    );
}

/// 3.1, for keys of a server: a key is used as its own `alg` says.
#[tokio::test]
async fn the_algorithm_of_a_key_is_the_keys_choice() {
    let rsa = Pair::rsa();
    let mut jwk = rsa.jwk("a");
    jwk["alg"] = json!("RS512");
    let server = KeyServer::start(vec![jwk, Pair::secret().jwk("secret")]).await;
    let app = app(&issuer(&format!("algorithms = ['RS256', 'RS512']\njwks = '{}'", server.url()))).await;
    let token = |algorithm: &str| rsa.token(&json!({ "alg": algorithm, "kid": "a" }), &claims(json!({})));
    let_in(&ask_with(&app, &token("RS512")).await);
    refused(verdict(&app, &token("RS256")).await, "a key that its issuer does not have");
    let secret = Pair::secret().token(&json!({ "alg": "HS256", "kid": "secret" }), &claims(json!({})));
    refused(verdict(&app, &secret).await, OTHER_ALGORITHM);
}

/// 3.2. Use Appropriate Algorithms
#[tokio::test]
async fn weak_algorithms_are_no_setting() {
    for algorithm in ["none", "RS1", "HS1", "RSA1_5", "ES256K"] {
        let told = faults(&issuer(&format!("algorithms = '{algorithm}'\nkey = '{SECRET}'")));
        assert!(told.contains("`auth.issuers[0].algorithms`") && told.contains("HS256"), "{told}");
    }
}

/// 3.3. Validate All Cryptographic Operations
#[tokio::test]
async fn a_token_within_a_token_is_not_taken() {
    let pair = Pair::secret();
    let app = app(&with_key(&pair, "")).await;
    let inner = pair.good(json!({}));
    let nested = pair.raw(br#"{"alg":"HS256","cty":"JWT"}"#, inner.as_bytes(), None);
    refused(verdict(&app, &nested).await, "claims are not JSON");
}

/// 3.4. Validate Cryptographic Inputs
#[tokio::test]
async fn points_that_are_not_on_the_curve_are_no_keys() {
    let pair = Pair::p256();
    let mut off = pair.jwk("off");
    off["y"] = off["x"].clone();
    let mut short = pair.jwk("short");
    short["x"] = json!("AQ");
    let mut other = pair.jwk("other");
    other["crv"] = json!("P-384");
    let server = KeyServer::start(vec![off, short, other, pair.jwk("good")]).await;
    let app = app(&issuer(&format!("algorithms = ['ES256', 'ES384']\njwks = '{}'", server.url()))).await;
    let_in(&ask_with(&app, &pair.good_of("good", json!({}))).await);
    refused(verdict(&app, &pair.good_of("off", json!({}))).await, "signature is not that of its issuer");
    for name in ["short", "other"] {
        refused(verdict(&app, &pair.good_of(name, json!({}))).await, "a key that its issuer does not have");
    }
    // A signature of zeros, which a careless check takes for everything.
    let good = pair.good_of("good", json!({}));
    let (message, _) = good.rsplit_once('.').expect("three parts");
    refused(verdict(&app, &format!("{message}.{}", base64(&[0; 64]))).await, "signature");
}

/// 3.5. Ensure Cryptographic Keys Have Sufficient Entropy
#[test]
fn keys_that_can_be_guessed_are_refused_at_the_start() {
    for (algorithm, bytes) in [("HS256", 32), ("HS384", 48), ("HS512", 64)] {
        let with =
            |length: usize| issuer(&format!("algorithms = '{algorithm}'\nkey = '{}'", &SECRET[..length]));
        let told = faults(&with(bytes - 1));
        let part =
            format!("`auth.issuers[0].key`: a secret for {algorithm} has to have {bytes} bytes or more");
        assert!(told.contains(&part) && !told.contains(&SECRET[..16]), "{told}");
        assert_eq!(faults(&with(bytes)), "");
    }
    let small = include_str!("rsa1024.pub.pem");
    let told = faults(&issuer(&format!("algorithms = 'RS256'\nkey = '''{small}'''")));
    assert!(told.contains("2048 to 8192 bits, and this one has 1024"), "{told}");
}

/// 3.6. Avoid Compression of Encryption Inputs
#[tokio::test]
async fn tokens_that_are_encrypted_or_packed_are_not_taken() {
    let pair = Pair::secret();
    let app = app(&with_key(&pair, "")).await;
    let header = base64(br#"{"alg":"dir","enc":"A256GCM","zip":"DEF"}"#);
    refused(verdict(&app, &format!("{header}..aaaa.aaaa.aaaa")).await, "three parts");
    let packed = pair.raw(br#"{"alg":"HS256","zip":"DEF"}"#, &[0x78, 0x9c, 3, 0, 0, 0, 0, 1], None);
    refused(verdict(&app, &packed).await, "claims are not JSON");
}

/// 3.7. Use UTF-8
#[tokio::test]
async fn claims_are_utf_8_and_nothing_else() {
    let pair = Pair::secret();
    let app = app(&with_key(&pair, "")).await;
    let_in(&ask_with(&app, &pair.good(json!({ "name": "Zoë 紙" }))).await);
    let text = claims(json!({ "name": "Zoe" })).to_string();
    let utf_16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let latin = text
        .replace("Zoe", "Zo?")
        .into_bytes()
        .into_iter()
        .map(|byte| if byte == b'?' { 0xeb } else { byte });
    for claims in [utf_16, latin.collect()] {
        refused(verdict(&app, &pair.raw(br#"{"alg":"HS256"}"#, &claims, None)).await, "claims are not JSON");
    }
}

/// 3.8. Validate Issuer and Subject
#[tokio::test]
async fn keys_belong_to_their_issuer() {
    let (one, other) = (Pair::secret(), Pair::rsa());
    let second = with_key(&other, "require = ['sub']").replace(super::ISSUER, "https://other.example/");
    let app = app(&format!("{}{second}", with_key(&one, ""))).await;
    let from_other = json!({ "iss": "https://other.example/" });
    let_in(&ask_with(&app, &one.good(json!({}))).await);
    let_in(&ask_with(&app, &other.good(from_other.clone())).await);
    refused(verdict(&app, &one.good(from_other)).await, OTHER_ALGORITHM);
    refused(verdict(&app, &other.good(json!({}))).await, OTHER_ALGORITHM);
    for name in [
        json!("https://issuer.example"),
        json!("HTTPS://ISSUER.EXAMPLE/"),
        json!(null),
        json!([super::ISSUER]),
    ] {
        refused(verdict(&app, &one.good(json!({ "iss": name }))).await, "issuer that is not known here");
    }
    let no_subject = json!({ "iss": "https://other.example/", "sub": null });
    refused(verdict(&app, &other.good(no_subject)).await, "does not have the claim `sub`");
}

/// 3.9. Use and Validate Audience
#[tokio::test]
async fn tokens_for_others_are_refused() {
    let pair = Pair::secret();
    let both = with_key(&pair, "").replace("'shop'", "['shop', 'store']");
    let app = app(&both).await;
    for audience in [json!("shop"), json!("store"), json!(["x", "store"])] {
        let_in(&ask_with(&app, &pair.good(json!({ "aud": audience }))).await);
    }
    for audience in
        [json!("x"), json!(null), json!([]), json!("Shop"), json!(["x"]), json!({ "shop": 1 }), json!(1)]
    {
        refused(verdict(&app, &pair.good(json!({ "aud": audience }))).await, "for another audience");
    }
    // Nobody has to forget it: it is said that it is not looked at.
    let told = faults(&with_key(&pair, "").replace("audience = 'shop'\n", ""));
    assert!(told.contains("`auth.issuers[0].audience`") && told.contains("is missing"), "{told}");
    let anyone = super::app(&with_key(&pair, "").replace("'shop'", "[]")).await;
    let_in(&ask_with(&anyone, &pair.good(json!({ "aud": null }))).await);
}

/// 3.10. Do Not Trust Received Claims
#[tokio::test]
async fn a_token_does_not_say_where_its_key_is() {
    let (ours, eve) = (Pair::p256(), Pair::p256());
    let (server, hers) =
        (KeyServer::start(vec![ours.jwk("a")]).await, KeyServer::start(vec![eve.jwk("a")]).await);
    let app =
        app(&issuer(&format!("algorithms = 'ES256'\njwks = '{}'\njwks_pause = '0ms'", server.url()))).await;
    let_in(&ask_with(&app, &ours.good_of("a", json!({}))).await);
    for (name, value) in [
        ("jwk", eve.jwk("a")),
        ("jku", json!(hers.url())),
        ("x5u", json!(hers.url())),
        ("x5c", json!(["AAAA"])),
    ] {
        let mut header = json!({ "alg": "ES256", "kid": "a" });
        header[name] = value;
        refused(
            verdict(&app, &eve.token(&header, &claims(json!({})))).await,
            "signature is not that of its issuer",
        );
        // Who brings a key beside the right one has a good token all the same.
        let_in(&ask_with(&app, &ours.token(&header, &claims(json!({})))).await);
    }
    for name in
        ["../../../../dev/null", "a' OR '1'='1", "http://eve.example/k", "/dev/null", "", "a\u{0}", "| true"]
    {
        refused(verdict(&app, &eve.good_of(name, json!({}))).await, "a key that its issuer does not have");
    }
    for name in [json!(1), json!(["a"]), json!(null), json!({})] {
        let header = json!({ "alg": "ES256", "kid": name });
        refused(verdict(&app, &ours.token(&header, &claims(json!({})))).await, "`kid` is not a text");
    }
    assert_eq!(hers.asked(), 0, "her server was not asked");
}

/// 3.11. Use Explicit Typing
#[tokio::test]
async fn tokens_of_another_type_are_refused() {
    let pair = Pair::secret();
    let app = app(&with_key(&pair, "type = 'at+jwt'")).await;
    let token = |ty: Json| {
        let mut header = json!({ "alg": "HS256", "typ": ty });
        header.as_object_mut().expect("an object").retain(|_, value| !value.is_null());
        pair.token(&header, &claims(json!({})))
    };
    for ty in ["at+jwt", "AT+JWT", "application/at+jwt"] {
        let_in(&ask_with(&app, &token(json!(ty))).await);
    }
    for ty in [json!("JWT"), json!(null), json!("secevent+jwt"), json!(["at+jwt"])] {
        refused(verdict(&app, &token(ty)).await, "of another kind");
    }
}

/// 3.12. Use Mutually Exclusive Validation Rules for Different Kinds of JWTs
#[tokio::test]
async fn tokens_of_another_use_are_refused() {
    let pair = Pair::secret();
    let app =
        app(&with_key(&pair, "require = { token_use = 'access', client_id = ['a', 'b'], level = 2 }")).await;
    let good = json!({ "token_use": "access", "client_id": "b", "level": 2 });
    let_in(&ask_with(&app, &pair.good(good.clone())).await);
    for (name, value) in [
        ("token_use", json!("id")),
        ("token_use", json!(null)),
        ("client_id", json!("c")),
        ("level", json!("2")),
    ] {
        let mut claims = good.clone();
        claims[name] = value;
        refused(verdict(&app, &pair.good(claims)).await, &format!("does not have the claim `{name}`"));
    }
}

/// Extensions that have to be understood (RFC 7515, 4.1.11).
#[tokio::test]
async fn extensions_that_are_not_understood_are_refused() {
    let pair = Pair::secret();
    let app = app(&with_key(&pair, "")).await;
    for crit in [json!(["b64"]), json!(["exp"]), json!([]), json!(null)] {
        let token = pair.token(&json!({ "alg": "HS256", "crit": crit, "b64": false }), &claims(json!({})));
        refused(verdict(&app, &token).await, "extensions that are not understood");
    }
}

/// What is told of a token's content is told only to those who have a genuine one.
#[tokio::test]
async fn a_forged_token_teaches_nothing() {
    let eve = Pair::Secret(SECRET.replace('0', "1").into());
    let app = app(&with_key(&Pair::secret(), "require = ['x']")).await;
    for more in [json!({ "exp": now() - 9_999 }), json!({ "aud": "x" }), json!({ "exp": "x" }), json!({})] {
        refused(verdict(&app, &eve.good(more)).await, "signature is not that of its issuer");
    }
}
