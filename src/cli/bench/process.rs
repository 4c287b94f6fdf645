//! Whole processes, timed.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::super::failure::Failure;

/// How long a command takes, in milliseconds.
///
/// # Errors
/// If it cannot be started or fails.
pub fn time(command: &mut Command) -> Result<f64, Failure> {
    let started = Instant::now();
    let output = command.stdin(Stdio::null()).output().map_err(|error| cannot_run(command, &error))?;
    let took = started.elapsed();
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let last: Vec<&str> = said.lines().rev().take(5).collect();
        let last: Vec<&str> = last.into_iter().rev().collect();
        return Err(Failure::Other(format!("{command:?} failed: {}", last.join("\n"))));
    }
    Ok(took.as_secs_f64() * 1000.0)
}

/// The shortest of so many times.
///
/// # Errors
/// Those of [`time`].
pub fn shortest(times: usize, mut command: impl FnMut() -> Command) -> Result<f64, Failure> {
    let mut least = f64::INFINITY;
    for _ in 0..times {
        least = least.min(time(&mut command())?);
    }
    Ok(least)
}

/// The most memory that a command has had, in MB; `None` where the system does not tell.
///
/// # Errors
/// If it cannot be started.
pub fn peak_memory(command: &mut Command) -> Result<Option<f64>, Failure> {
    let command = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|error| cannot_run(command, &error))?;
    let status = Path::new("/proc").join(child.id().to_string()).join("status");
    let mut peak = None;
    while child.try_wait().map_err(|error| Failure::Other(error.to_string()))?.is_none() {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<f64>().ok());
        peak = kib.map(|kib| kib * 1024.0 / 1e6).or(peak);
        std::thread::sleep(Duration::from_millis(2));
    }
    Ok(peak)
}

fn cannot_run(command: &Command, error: &std::io::Error) -> Failure {
    Failure::Other(format!("cannot run {}: {error}", command.get_program().display()))
}
