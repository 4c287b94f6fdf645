//! The command line: one file per command.

mod args;
mod bench;
mod exec;
mod experiment_file;
mod failure;
mod gc;
mod interrupt;
mod kinds;
mod plan;
mod roots;
mod run;
mod store;
mod verify;

pub use args::main;

/// Prints what was asked for. A reader that has seen enough may close the pipe.
fn print(text: &str) {
    let _ = std::io::Write::write_all(&mut std::io::stdout(), text.as_bytes());
}
