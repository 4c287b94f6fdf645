//! The command line: one file per command.

mod args;
mod bench;
mod exec;
mod experiment_file;
mod failure;
mod interrupt;
mod plan;
mod run;

pub use args::main;
