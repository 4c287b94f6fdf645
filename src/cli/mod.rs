//! The command line: one file per command.

mod about;
mod args;
mod bench;
mod completions;
mod exec;
mod experiment_file;
mod failure;
mod interrupt;
mod kinds;
mod machine;
mod plan;
mod run;
mod schema;
mod why;

pub use args::main;

/// Prints what was asked for. A reader that has seen enough may close the pipe.
fn print(text: &str) {
    let _ = std::io::Write::write_all(&mut std::io::stdout(), text.as_bytes());
}
