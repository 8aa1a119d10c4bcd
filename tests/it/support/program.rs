//! The program as people run it, in a folder of its own.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::{Value as Json, json};
use tempfile::TempDir;

use super::app::client;
use super::scrape::Scrape;

pub const SDL: &str = "type Book @collection @access(read: true, write: true) { id: ID! isbn: String! @unique title: String! }\n";

pub const LOADER: &str = "[source]\nkind = 'json'\npath = 'books.json'\n[target]\ntype = 'Book'\non = 'isbn'\n\
                      [fields]\nisbn = 'isbn'\ntitle = 'title'\n";

/// A folder to run the program in.
pub struct Folder(TempDir);

impl Folder {
    pub fn new() -> Folder {
        Folder(tempfile::tempdir().expect("a temporary folder can be made"))
    }

    /// With a schema, and a loader of two books.
    pub fn with_books() -> Folder {
        let folder = Folder::new();
        folder.write("schema.graphql", SDL);
        folder.write("loaders/books.toml", LOADER);
        folder.write("loaders/books.json", r#"[{"isbn": "1", "title": "A"}, {"isbn": "2", "title": "B"}]"#);
        folder
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().expect("the folder")).expect("the folder can be made");
        std::fs::write(path, text).expect("the file can be written");
    }

    /// The program with nothing configured but what the test says.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_oponn"));
        command.args(arguments).current_dir(self.path());
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(|name| name.starts_with("OPONN_") || name.starts_with("OTEL_")) {
                command.env_remove(name);
            }
        }
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        Ran(self.command(arguments).output().expect("the program runs"))
    }

    /// A server on a free port, when it is ready.
    pub fn serve(&self, arguments: &[&str]) -> Serving {
        self.start(self.command(arguments))
    }

    /// A server with these variables in its environment.
    #[cfg(feature = "sqs")]
    pub fn serve_in(&self, environment: &[(&str, &str)]) -> Serving {
        let mut command = self.command(&[]);
        command.envs(environment.iter().copied());
        self.start(command)
    }

    /// A server whose files may have so many blocks of 512 bytes at the most.
    pub fn serve_in_blocks(&self, blocks: u32) -> Serving {
        self.start(self.limited(&format!("trap '' XFSZ; ulimit -f {blocks}"), &[]))
    }

    /// A server that may have so many files open.
    pub fn serve_with_files(&self, files: u32, arguments: &[&str]) -> Serving {
        self.start(self.limited(&format!("ulimit -n {files}"), arguments))
    }

    /// The command, under what a shell sets before it.
    fn limited(&self, limits: &str, arguments: &[&str]) -> Command {
        let program = self.command(arguments);
        let mut command = Command::new("/bin/sh");
        command.args(["-c", &format!("{limits}; exec \"$0\" \"$@\"")]);
        command.arg(program.get_program()).args(program.get_args()).current_dir(self.path());
        for (name, value) in program.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
    }

    /// A server on another address, which is not only for this machine.
    pub fn serve_on(&self, listen: &str) -> Serving {
        self.start_on(self.command(&[]), listen)
    }

    fn start(&self, command: Command) -> Serving {
        self.start_on(command, "127.0.0.1:0")
    }

    fn start_on(&self, mut command: Command, listen: &str) -> Serving {
        command.arg(format!("--listen={listen}")).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program runs");
        let log = BufReader::new(child.stderr.take().expect("its log is piped"));
        let mut serving = Serving { child, address: String::new(), lines: Vec::new(), log };
        serving.read_until_ready();
        serving
    }
}

/// What came of a run.
pub struct Ran(pub Output);

impl Ran {
    pub fn code(&self) -> i32 {
        self.0.status.code().expect("it was not killed")
    }

    pub fn out(&self) -> String {
        String::from_utf8(self.0.stdout.clone()).expect("text")
    }

    pub fn err(&self) -> String {
        String::from_utf8(self.0.stderr.clone()).expect("text")
    }

    #[track_caller]
    pub fn assert(&self, code: i32, out: &str, err: &str) {
        let shown = format!("exit code {}\n{}\n{}", self.code(), self.out(), self.err());
        assert_eq!(self.code(), code, "{shown}");
        assert!(self.out().contains(out), "{out} is not in\n{shown}");
        assert!(self.err().contains(err), "{err} is not in\n{shown}");
        assert!(!self.err().contains("panicked"), "{shown}");
    }
}

/// A server that runs.
pub struct Serving {
    child: Child,
    pub address: String,
    pub lines: Vec<Json>,
    log: BufReader<std::process::ChildStderr>,
}

impl Serving {
    fn read_until_ready(&mut self) {
        while self.address.is_empty() {
            let mut line = String::new();
            let read = self.log.read_line(&mut line).expect("its log is text");
            assert!(read > 0, "the server ended: {:#?}", self.lines);
            let entry: Json = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line} is not JSON"));
            if entry["message"] == "ready" {
                self.address = entry["address"].as_str().expect("an address").to_owned();
            }
            self.lines.push(entry);
        }
    }

    /// Reads its log until it says this; the line.
    pub fn until_logged(&mut self, message: &str) -> Json {
        loop {
            let mut line = String::new();
            let read = self.log.read_line(&mut line).expect("its log is text");
            assert!(read > 0, "the server ended without saying {message}");
            let entry: Json = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line} is not JSON"));
            if entry["message"] == message {
                return entry;
            }
        }
    }

    pub async fn query(&self, query: &str) -> Json {
        self.ask(query, Json::Null).await
    }

    pub async fn ask(&self, query: &str, variables: Json) -> Json {
        let body = json!({ "query": query, "variables": variables });
        let request = client().post(format!("http://{}/graphql", self.address)).json(&body);
        let response = request.send().await.expect("the server answers").bytes().await.expect("wholly");
        serde_json::from_slice(&response).expect("with JSON")
    }

    pub async fn get(&self, path: &str) -> (u16, Json) {
        let response = client().get(format!("http://{}{path}", self.address)).send().await;
        let response = response.expect("the server answers");
        let status = response.status().as_u16();
        (status, serde_json::from_slice(&response.bytes().await.expect("wholly")).expect("with JSON"))
    }

    /// All metrics.
    pub async fn metrics(&self) -> Scrape {
        let response = client().get(format!("http://{}/metrics", self.address)).send().await;
        Scrape::parse(&response.expect("the server answers").text().await.expect("metrics are text"))
    }

    /// Processor time that it has used, in seconds.
    pub async fn processor(&self) -> f64 {
        self.metrics().await.value("process_cpu_seconds_total", &[])
    }

    /// The most memory that it has had, in MiB.
    pub fn peak_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.expect("the server runs");
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("it has memory");
        let kib = peak.split_whitespace().next().and_then(|number| number.parse::<u64>().ok());
        kib.expect("a number") / 1024
    }

    pub fn logged(&self, message: &str) -> bool {
        self.lines.iter().any(|line| line["message"] == message)
    }

    /// Ends it as an orchestrator does; its exit code and the rest of its log.
    pub fn stop(mut self) -> (Option<i32>, String) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &id]).status().expect("kill runs");
        assert!(sent.success());
        let mut rest = String::new();
        self.log.read_to_string(&mut rest).expect("its log is text");
        (self.child.wait().expect("it ends").code(), rest)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It has ended already when the test was good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
