//! The program `rnnwm`.

fn main() -> std::process::ExitCode {
    rnnwm::cli::main()
}
