//! The comparators without GraphQL: `serve` answers the benchmark's requests from Redis, `insert` loads a
//! file into MongoDB, `history` is the viewing history on Redis alone. Settings are environment variables, so that the driver starts both as it starts peers.

mod history;
mod insert;
mod page;
mod serve;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// That of oponn's own program: what is compared is not allocators.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    match std::env::args().nth(1).as_deref() {
        Some("serve") => serve::run().await,
        Some("insert") => insert::run().await,
        Some("history") => history::run().await,
        _ => Err("usage: oponn-bench-bare serve | insert | history".into()),
    }
}

/// An environment variable that has to be there.
fn setting(name: &str) -> Result<String, Failure> {
    std::env::var(name).map_err(|_| format!("{name} is not set").into())
}
