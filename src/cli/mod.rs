//! The command line: one file per command.

mod about;
mod args;
mod bench;
mod clean;
mod completions;
mod diff;
mod events;
mod exec;
mod experiment_file;
mod export;
mod failure;
mod gc;
mod graph;
mod interrupt;
mod kinds;
mod log;
mod machine;
mod plan;
mod roots;
mod run;
mod run_name;
mod runs;
mod schema;
mod standing;
mod status;
mod store;
mod text;
mod verify;
mod why;

pub use args::main;

/// Prints what was asked for. A reader that has seen enough may close the pipe.
fn print(text: &str) {
    let _ = std::io::Write::write_all(&mut std::io::stdout(), text.as_bytes());
}

/// Prints what was asked for as JSON.
fn print_json(value: &serde_json::Value) {
    print(&format!("{value:#}\n"));
}
