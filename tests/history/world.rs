//! One deployment under test, and all that is known of it: its servers, what was written, what came of it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bson::Document;
use mongodb::{Collection, Database};
use oponn::probe::without::Mechanism;
use serde_json::{Value as Json, json};

use super::ask::{Ask, Cursors};
use super::classes::Class;
use super::clock::Clock;
use super::domain::{Fields, Kind, Name, SHELVES};
use super::history::{History, Moment, Span};
use super::judge::{Judge, Violation};
use super::pace::pass;
use super::redis::Redis;
use super::server::Server;
use super::settings::Settings;
use super::store::Store;
use super::tally::Tally;
use super::writer::first_fields;
use crate::dice::Dice;
use crate::scrape::Scrape;

const BOOKS: usize = 40;
const DISCS: usize = 16;
/// More than one write may touch without voiding their type.
const LEAVES: usize = 210;
/// Those of them that are asked for one by one.
pub const ASKED_LEAVES: usize = 4;
/// How long a client waits for an answer: longer than any fault lasts.
const PATIENCE: Duration = Duration::from_secs(12);
/// When reads have to show what other programs write: the time that is to be promised, and as much again as the
/// machine may be late.
const FOLLOWED: Duration = Duration::from_millis(3_500);

pub struct World {
    pub settings: Settings,
    pub names: Vec<Name>,
    /// Those that are asked for one by one.
    pub asked: Vec<Name>,
    /// What all clients ask.
    pub common: Vec<Ask>,
    /// Whether clients write to the store directly too.
    pub writes_outside: bool,
    /// When such writes have to show.
    pub grace: Duration,
    pub servers: Vec<Server>,
    redis: tokio::sync::Mutex<Redis>,
    pub store: Store,
    database: Database,
    http: reqwest::Client,
    history: Mutex<History>,
    tally: Mutex<Tally>,
    over: AtomicBool,
}

impl World {
    /// Starts everything and makes all documents.
    pub async fn start(settings: &Settings, class: &'static Class, without: Option<Mechanism>) -> Arc<World> {
        let store = Store::start(class.own_store).await;
        let redis = Redis::start(class.clock.then(Clock::new), &[]).await;
        let address = redis.address();
        let mut servers = Vec::new();
        for number in 0..settings.servers {
            let lacks = Some(Kind::Disc).filter(|_| class.two_schemas && number > 0);
            servers.push(Server::new(&address, &store.url(), without, lacks).await);
        }
        let number = |kind, count| (0..count).map(move |number| Name { kind, number });
        let names: Vec<Name> = number(Kind::Shelf, SHELVES)
            .chain(number(Kind::Book, BOOKS))
            .chain(number(Kind::Disc, DISCS))
            .chain(number(Kind::Leaf, LEAVES))
            .collect();
        let asked = |name: &Name| name.kind != Kind::Leaf || name.number < ASKED_LEAVES;
        let asked: Vec<Name> = names.iter().copied().filter(asked).collect();
        let database = store.database().await;
        let http = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build();
        let world = World {
            settings: settings.clone(),
            common: Ask::common(&mut Dice::new(settings.seed), &asked),
            asked,
            writes_outside: class.writes_outside,
            grace: FOLLOWED,
            servers,
            redis: redis.into(),
            store,
            database,
            http: http.expect("a client can be made"),
            history: History::new(names.iter().copied()).into(),
            tally: Mutex::default(),
            over: AtomicBool::new(false),
            names,
        };
        for server in &world.servers {
            server.start().await;
        }
        world.fill().await;
        Arc::new(world)
    }

    /// Makes every document as it begins.
    async fn fill(&self) {
        for kind in [Kind::Shelf, Kind::Book, Kind::Disc, Kind::Leaf] {
            let mut marks = Vec::new();
            let mut inputs = Vec::new();
            let names: Vec<Name> = self.names.iter().copied().filter(|name| name.kind == kind).collect();
            for name in names {
                let fields = first_fields(name);
                let mark = self.invoked(&[(name, Some(fields.clone()))], || "create at first".to_owned());
                let mut input = fields.to_json(kind, mark);
                input["id"] = json!(name.id());
                inputs.push(input);
                marks.push((name, mark));
            }
            let (name, plural) = (kind.name(), kind.plural());
            let text = format!(
                "mutation($inputs: [{name}Input!]!) {{ w: create{plural}(inputs: $inputs) {{ version }} }}"
            );
            let made = self.ask(0, &text, json!({ "inputs": inputs })).await;
            assert!(made.is_some(), "the first documents are made: {:?}", self.tally().failure);
            for (name, mark) in marks {
                self.acknowledged(name, mark, None, Duration::ZERO);
            }
        }
    }

    pub fn history(&self) -> MutexGuard<'_, History> {
        self.history.lock().expect("nobody panics while holding it")
    }

    pub fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().expect("nobody panics while holding it")
    }

    pub fn now(&self) -> Moment {
        self.history().now()
    }

    pub fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    /// Has the clients stop.
    pub fn end(&self) {
        self.over.store(true, Ordering::Relaxed);
    }

    /// For clients that have nobody to ask.
    pub async fn breathe(&self) {
        pass(Duration::from_millis(10)).await;
    }

    pub fn servers(&self) -> usize {
        self.servers.len()
    }

    /// A server that is up, as far as a load balancer could know, and has these types.
    pub fn draw_server(&self, dice: &mut Dice, kinds: &[Kind]) -> Option<usize> {
        let fits = |server: &Server| server.address().is_some() && server.has(kinds);
        let up: Vec<usize> = (0..self.servers.len()).filter(|number| fits(&self.servers[*number])).collect();
        (!up.is_empty()).then(|| dice.one_of(&up))
    }

    pub fn collection(&self, kind: Kind) -> Collection<Document> {
        self.database.collection(kind.collection())
    }

    /// The mark of a document as it was made at first.
    pub fn first_mark(&self, name: Name) -> i64 {
        self.names.iter().position(|other| *other == name).expect("all documents are known") as i64 + 1
    }

    /// Takes down that one write of these documents is about to be sent; its mark.
    pub fn invoked(&self, writes: &[(Name, Option<Fields>)], how: impl Fn() -> String) -> i64 {
        let mut history = self.history();
        let mark = history.mark();
        for (name, after) in writes {
            history.invoked(*name, mark, after.clone(), how());
        }
        mark
    }

    pub fn acknowledged(&self, name: Name, mark: i64, version: Option<i64>, grace: Duration) {
        self.history().acknowledged(name, mark, version, grace);
        self.tally().writes += 1;
    }

    /// One write of many documents, before which some of unknown outcome come if they come at all.
    pub fn acknowledged_all(&self, names: &[Name], mark: i64, earlier: &[i64]) {
        let mut history = self.history();
        for name in names {
            earlier.iter().for_each(|earlier| history.ordered(*name, *earlier, *earlier));
            history.acknowledged(*name, mark, Some(mark), Duration::ZERO);
        }
        self.tally().writes += 1;
    }

    pub fn found(&self, name: Name, mark: i64) {
        self.history().found(name, mark);
    }

    pub fn excluded(&self, name: Name, mark: i64) {
        self.history().excluded(name, mark);
    }

    /// The data of an answer without errors.
    pub async fn ask(&self, server: usize, text: &str, variables: Json) -> Option<Json> {
        let answer = self.try_ask(server, text, &variables).await;
        let failed = |why| self.tally().failed(format!("{why} to {text} with {variables} through {server}"));
        answer.map_err(failed).ok()
    }

    async fn try_ask(&self, server: usize, text: &str, variables: &Json) -> Result<Json, String> {
        let address = self.servers[server].address().ok_or("the server is not running")?;
        let body = json!({ "query": text, "variables": variables });
        let request = self.http.post(format!("http://{address}/graphql")).json(&body);
        let response = request.send().await.map_err(|error| error.to_string())?;
        let bytes = response.bytes().await.map_err(|error| error.to_string())?;
        let mut answer: Json = serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
        let refused =
            |code: &Json| matches!(code.as_str(), Some("BAD_USER_INPUT" | "GRAPHQL_VALIDATION_FAILED"));
        match answer["errors"].as_array() {
            None => Ok(answer["data"].take()),
            Some(errors) => {
                let wrong = errors.iter().any(|error| refused(&error["extensions"]["code"]));
                assert!(!wrong, "a client asks for what nobody answers: {text}\n{variables}\n{errors:#?}");
                Err(json!(errors).to_string())
            }
        }
    }

    /// Asks something and judges the answer.
    pub async fn read(&self, server: usize, ask: &Ask, cursors: &mut Cursors) {
        let begin = self.history().reads();
        let text = ask.text();
        let data = self.ask(server, &text, Json::Null).await;
        let mut history = self.history();
        history.has_read(begin);
        let Some(data) = data else { return };
        let span = Span { begin, end: history.now() };
        let judge = Judge { history: &history, span };
        let verdict = ask.judge(&judge, &data, cursors);
        self.tally().add(verdict, |violation| {
            tell(&history, violation, &format!("through server {server}, {span:?}: {text}\n  {data}"))
        });
    }

    /// Restarts Redis without a word, with further options.
    pub async fn restart_redis(&self, options: &[&str]) {
        self.redis.lock().await.restart(options).await;
    }

    /// Lets the clock of Redis be so many milliseconds ahead, or behind.
    pub async fn set_redis_clock(&self, off: i64) {
        self.redis.lock().await.set_clock(off).await;
    }

    /// Sends one command to Redis, past all proxies.
    pub async fn redis_command(&self, words: &[&str]) -> redis::Value {
        self.redis.lock().await.command(words).await
    }

    /// A part of what Redis tells about itself.
    pub async fn redis_info(&self, part: &str) -> String {
        self.redis.lock().await.info(part).await
    }

    /// Makes another process, which has the same data already, the one Redis; the last one is killed with the value
    /// returned.
    pub async fn replace_redis(&self, other: Redis) -> Redis {
        std::mem::replace(&mut *self.redis.lock().await, other)
    }

    /// Starts another process that has what Redis has, and follows it until it is told otherwise; its clock is so many
    /// milliseconds ahead, or behind.
    pub async fn redis_replica(&self, off: i64) -> Redis {
        // Who is led there too early is not refused: that would end what is to be tried.
        let redis = self.redis.lock().await;
        let options = ["--replicaof", &format!("127.0.0.1 {}", redis.port), "--replica-read-only", "no"];
        let replica = redis.another(off, &options).await;
        drop(redis);
        while !replica.info("replication").await.contains("master_link_status:up") {
            tokio::task::yield_now().await;
        }
        replica
    }

    /// Reads of entities and pages that went to the store, and all of them, of the servers as they run now.
    pub async fn past_the_cache(&self) -> (f64, f64) {
        let (mut past, mut all) = (0.0, 0.0);
        for address in self.servers.iter().filter_map(Server::address) {
            let response = self.http.get(format!("http://{address}/metrics")).send().await;
            let Ok(response) = response else { continue };
            let Ok(text) = response.text().await else { continue };
            let metrics = Scrape::parse(&text);
            let reads = |labels: &[(&str, &str)]| metrics.value("oponn_cache_reads_total", labels);
            past += reads(&[("result", "miss")]) + reads(&[("result", "bypass")]);
            all += reads(&[]);
        }
        (past, all)
    }
}

/// A violation with the writes of the documents that it is about.
pub fn tell(history: &History, violation: &Violation, read: &str) -> String {
    let mut told = format!("{:?}: {}\n  {}", violation.fault, violation.text, shortened(read));
    for (name, from) in &violation.about {
        let Some(document) = history.document(*name) else { continue };
        told.push_str(&format!("\n  writes of {}:", name.id()));
        for line in document.tell(*from) {
            told.push_str(&format!("\n    {line}"));
        }
    }
    told
}

fn shortened(text: &str) -> String {
    const MOST: usize = 2_000;
    match text.char_indices().nth(MOST) {
        None => text.to_owned(),
        Some((end, _)) => format!("{} ...", &text[..end]),
    }
}
