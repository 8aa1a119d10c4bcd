//! Processes that a run starts, gives signals, and ends: oponn as people run it, and a MongoDB-protocol server.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use oponn::probe::without::{Mechanism, VARIABLE};
use serde_json::Value as Json;
use tokio::sync::oneshot;

/// Lines of a log that are remembered.
const LINES: usize = 60;

/// A process; it is killed with this value.
pub struct Process {
    child: Child,
    log: Arc<Mutex<VecDeque<String>>>,
}

impl Process {
    /// Starts a server of this project in a folder with an `oponn.toml`, perhaps without a mechanism; its address when it
    /// is ready.
    pub async fn serve(folder: &Path, without: Option<Mechanism>) -> (Process, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_oponn"));
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(|name| name.starts_with("OPONN_") || name.starts_with("OTEL_")) {
                command.env_remove(name);
            }
        }
        command.envs(without.map(|mechanism| (VARIABLE, mechanism.name())));
        command.arg("--listen=127.0.0.1:0").current_dir(folder);
        let (tell, told) = oneshot::channel();
        let mut tell = Some(tell);
        let process = Process::start(command, move |line| {
            let entry: Json = serde_json::from_str(line).unwrap_or_default();
            if entry["message"] == "ready"
                && let Some(tell) = tell.take()
            {
                // Nobody waits for it any more if the run was broken off.
                let _ = tell.send(entry["address"].as_str().unwrap_or_default().to_owned());
            }
        });
        let Ok(address) = told.await else { panic!("the server did not start:\n{}", process.log()) };
        (process, address)
    }

    /// Starts a program and hands over each line of its log.
    pub fn start(mut command: Command, mut each: impl FnMut(&str) + Send + 'static) -> Process {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program runs");
        let lines = BufReader::new(child.stderr.take().expect("its log is piped")).lines();
        let log = Arc::new(Mutex::new(VecDeque::new()));
        let kept = log.clone();
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                each(&line);
                let mut kept = kept.lock().expect("nobody panics while holding it");
                if kept.len() == LINES {
                    kept.pop_front();
                }
                kept.push_back(line);
            }
        });
        Process { child, log }
    }

    /// Its latest lines.
    pub fn log(&self) -> String {
        let kept = self.log.lock().expect("nobody panics while holding it");
        kept.iter().map(|line| format!("{line}\n")).collect()
    }

    /// Sends a signal by its name, without `SIG`.
    pub fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args([&format!("-{name}"), &id]).status().expect("kill runs");
        assert!(sent.success(), "the process is there");
    }

    /// Ends it as an orchestrator does, and waits for its end.
    pub async fn terminate(self) {
        self.signal("TERM");
        self.ended().await;
    }

    /// Ends it without any warning.
    pub async fn kill(mut self) {
        self.child.kill().expect("the process is there");
        self.ended().await;
    }

    async fn ended(mut self) {
        let end = tokio::task::spawn_blocking(move || self.child.wait().map(drop));
        end.await.expect("waiting does not panic").expect("the process can be waited for");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It has ended already when all went well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
