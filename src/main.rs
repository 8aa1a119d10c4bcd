//! The program: reads the command line, runs it, exits with its code.

use std::process::ExitCode;

/// A request is many small allocations on whichever core is free; `docs/performance.md` has the difference.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    oponn::cli::main()
}
