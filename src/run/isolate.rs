//! A stage as a process of its own: `rnnwm exec -` gets the job on its standard input and tells what
//! happens on its standard output, one JSON value a line. It stops when its standard input ends, which
//! it does too when this process dies. A Ctrl-C is not for it: it would end before it has saved anything.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::stages::{Job, Progress, Report, StageError};
use crate::store::{Digest, Durability, Key, Store, StoreError};

use super::execute::Executed;

/// How long a process that was asked to stop may take for that.
const GRACE: Duration = Duration::from_secs(5);
/// How often to look whether it has ended, or is to stop.
const POLL: Duration = Duration::from_millis(10);

/// What a process that runs a job is told first.
#[derive(Debug, Serialize, Deserialize)]
pub struct Order {
    /// What to run.
    pub job: Job,
    /// Whether it runs even where its result is known.
    pub anew: bool,
}

/// What a process that runs a job tells.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// How far it is; the fields are those of [`Progress`].
    Progress {
        /// Done so far.
        done: u64,
        /// To do at the most.
        total: u64,
        /// What is counted.
        unit: String,
        /// Done in this run.
        fresh: u64,
        /// The lowest performance of any task, for training.
        lowest_performance: Option<f64>,
    },
    /// A line for its log.
    Log(String),
    /// Whether it waits for others.
    Waits(bool),
    /// Its result is in the store.
    Done {
        /// Whether another process had it first.
        found: bool,
    },
    /// It failed.
    Failed(String),
    /// It was stopped.
    Interrupted,
    /// An object that it needs is missing or damaged.
    Lost {
        /// Which.
        digest: Digest,
        /// Whether a file was there.
        damaged: bool,
    },
}

impl From<Progress> for Told {
    fn from(progress: Progress) -> Self {
        let Progress { done, total, unit, fresh, lowest_performance } = progress;
        Self::Progress { done, total, unit: unit.to_owned(), fresh, lowest_performance }
    }
}

impl Told {
    /// How a job ended.
    pub fn ending(result: &Result<Executed, StageError>) -> Self {
        match result {
            Ok(executed) => Self::Done { found: executed.found },
            Err(StageError::Interrupted | StageError::Store(StoreError::Interrupted)) => Self::Interrupted,
            Err(StageError::Store(StoreError::Lost { digest, damaged })) => {
                Self::Lost { digest: *digest, damaged: *damaged }
            }
            Err(error) => Self::Failed(error.to_string()),
        }
    }
}

/// [`execute`](super::execute()) as a process of its own, which has `threads` for work that is parallel in
/// itself.
///
/// # Errors
/// Those of the stage, and if its process cannot be started or ends in another way.
pub fn isolated(
    job: &Job,
    key: &Key,
    anew: bool,
    threads: usize,
    store: &Store,
    report: &dyn Report,
    stop: &AtomicBool,
) -> Result<Executed, StageError> {
    // The process finds what it takes in where others can find it.
    store.flush()?;
    let mut child = start(store, threads).map_err(StageError::because("cannot start a process"))?;
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let order = serde_json::to_string(&Order { job: job.clone(), anew }).map_err(StageError::Job)?;
    let (status, ending) = std::thread::scope(|scope| {
        let told = scope.spawn(|| stdout.and_then(|stdout| listen(stdout, report)));
        scope.spawn(|| stderr.map(|stderr| relay(stderr, report)));
        let mut stdin = stdin;
        // A process that has ended already says why by its status.
        let _ = stdin.as_mut().map(|stdin| writeln!(stdin, "{order}").and_then(|()| stdin.flush()));
        let status = wait(&mut child, stop, || drop(stdin.take()));
        (status, told.join().ok().flatten())
    });
    let status = status.map_err(StageError::because("cannot wait for its process"))?;
    match ending {
        Some(Told::Done { found }) => {
            store.refresh()?;
            let record = store.lookup(key).ok_or_else(|| {
                StageError::Failed("its process ended well, but its result is not in the store".to_owned())
            })?;
            Ok(Executed { record, found })
        }
        Some(Told::Failed(error)) => Err(StageError::Failed(error)),
        Some(Told::Lost { digest, damaged }) => Err(StoreError::Lost { digest, damaged }.into()),
        Some(Told::Interrupted) => Err(StageError::Interrupted),
        _ if stop.load(Ordering::Relaxed) => Err(StageError::Interrupted),
        _ => Err(StageError::Failed(how(status))),
    }
}

fn start(store: &Store, threads: usize) -> std::io::Result<Child> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("exec").arg("-").arg("--store").arg(store.root());
    command.arg("--threads").arg(threads.to_string());
    // A terminal sends its signals to all processes of a group.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    if store.durability() == Durability::Unsynced {
        command.arg("--no-sync");
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()
}

/// Hands on what a process tells; gives the last thing, which is how it ended.
fn listen(stdout: ChildStdout, report: &dyn Report) -> Option<Told> {
    let mut ending = None;
    let mut units: Vec<&'static str> = Vec::new();
    for line in BufReader::new(stdout).lines().map_while(Result::ok) {
        match serde_json::from_str(&line) {
            Ok(Told::Progress { done, total, unit, fresh, lowest_performance }) => {
                // A stage counts one thing, or a few.
                let known = units.iter().find(|known| **known == unit).copied();
                let unit = known.unwrap_or_else(|| {
                    units.push(unit.leak());
                    units[units.len() - 1]
                });
                report.progress(Progress { done, total, unit, fresh, lowest_performance });
            }
            Ok(Told::Log(line)) => report.log(line),
            Ok(Told::Waits(waits)) => report.waits(waits),
            Ok(other) => ending = Some(other),
            Err(_) => report.log(line),
        }
    }
    ending
}

/// What a process says on standard error goes to the log of its stage.
fn relay(stderr: ChildStderr, report: &dyn Report) {
    for line in BufReader::new(stderr.take(1 << 20)).lines().map_while(Result::ok) {
        report.log(line);
    }
}

/// Waits for the end of a process; `ask` asks it to stop.
fn wait(child: &mut Child, stop: &AtomicBool, ask: impl FnOnce()) -> std::io::Result<ExitStatus> {
    let mut ask = Some(ask);
    let mut asked: Option<Instant> = None;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if stop.load(Ordering::Relaxed) {
            if let Some(ask) = ask.take() {
                ask();
                asked = Some(Instant::now());
            }
            if asked.is_some_and(|asked| asked.elapsed() > GRACE) {
                // The store survives that.
                child.kill()?;
            }
        }
        std::thread::sleep(POLL);
    }
}

/// How a process ended that did not say so itself.
fn how(status: ExitStatus) -> String {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        let hint = match signal {
            9 => {
                "; most often that means that the machine ran out of memory (`memory` says what a stage \
                  takes, `--memory` how much there is)"
            }
            6 => "; most often that means that memory could not be had",
            _ => "",
        };
        return format!("its process was killed by signal {signal}{hint}");
    }
    format!("its process ended with {status}")
}
