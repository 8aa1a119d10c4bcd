//! `oponn completions` and `oponn man`: what packages give to shells and to `man`, made from the command line itself.

use std::path::{Path, PathBuf};

use clap::CommandFactory;
use clap_complete::Shell;

use super::CommandLine;
use super::failure::Failure;
use super::output::print;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Print the script that has a shell complete this command line
    Completions {
        /// The shell that reads it
        shell: Shell,
    },
    /// Print the manual page, or write the pages of all commands
    Man {
        /// The folder to write them into, which has to be there
        #[arg(long, value_name = "FOLDER")]
        folder: Option<PathBuf>,
    },
}

pub(super) fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Completions { shell } => completions(shell),
        Command::Man { folder: None } => man(),
        Command::Man { folder: Some(folder) } => all_pages(&folder),
    }
}

fn completions(shell: Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut CommandLine::command(), "oponn", &mut script);
    print(&String::from_utf8_lossy(&script))
}

fn man() -> Result<(), Failure> {
    let mut page = Vec::new();
    clap_mangen::Man::new(CommandLine::command())
        .render(&mut page)
        .map_err(|error| Failure::Failed(format!("the page cannot be made: {error}")))?;
    print(&String::from_utf8_lossy(&page))
}

fn all_pages(folder: &Path) -> Result<(), Failure> {
    clap_mangen::generate_to(CommandLine::command(), folder)
        .map_err(|error| Failure::Failed(format!("{} cannot be written to: {error}", folder.display())))
}
