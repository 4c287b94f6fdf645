//! Progress for people: bars on a terminal, plain lines elsewhere.

use std::collections::HashMap;
use std::io::Write;
use std::time::{Duration, Instant};

use indicatif::{HumanDuration, MultiProgress, ProgressBar, ProgressStyle};

use super::event::{Event, Outcome};
use super::events::Sink;

/// How often a plain line tells of a stage that is still running.
const PLAIN_EVERY: Duration = Duration::from_secs(10);

/// The time that is left at most for a stage that has done `fresh` since `started`.
fn left(started: Instant, done: u64, total: u64, fresh: u64) -> Option<Duration> {
    if fresh == 0 || total <= done {
        return None;
    }
    let seconds = started.elapsed().as_secs_f64() * (total - done) as f64 / fresh as f64;
    Some(Duration::from_secs_f64(seconds.min(1e9)))
}

/// What is known of a running stage, in words.
fn detail(lowest_performance: Option<f64>, left: Option<Duration>) -> String {
    let performance = lowest_performance.map(|lowest| format!("lowest performance {lowest:.3}"));
    let left = left.map(|left| format!("at most {} left", HumanDuration(left)));
    [performance, left].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// What a finished stage is said to be, or `None` where there is nothing to say.
fn ending(stage: &str, outcome: &Outcome, duration_ms: u64) -> String {
    let took = HumanDuration(Duration::from_millis(duration_ms));
    let seconds = duration_ms as f64 / 1000.0;
    let took = if duration_ms < 60_000 { format!("{seconds:.1} s") } else { took.to_string() };
    match outcome {
        Outcome::Done => format!("done         {stage} ({took})"),
        Outcome::Found => format!("found        {stage}"),
        Outcome::Failed { error } => format!("failed       {stage}: {error}"),
        Outcome::Retried { error } => format!("tried again  {stage}: {error}"),
        Outcome::Interrupted => format!("interrupted  {stage}"),
    }
}

/// What is said of events in passing.
fn notice(event: &Event) -> Option<String> {
    match event {
        Event::StageSkipped { stage, because } => {
            Some(format!("skipped      {stage}, which needs {because}"))
        }
        Event::StageLog { stage, line } if line.starts_with("warning") => Some(format!("{stage}: {line}")),
        _ => None,
    }
}

/// A sink that shows a bar for every running stage.
pub struct ProgressBars {
    all: MultiProgress,
    bars: HashMap<String, (ProgressBar, Instant)>,
}

impl ProgressBars {
    /// Bars on standard error.
    pub fn new() -> Self {
        Self { all: MultiProgress::new(), bars: HashMap::new() }
    }

    fn say(&self, line: &str) {
        // A terminal that is gone is no reason to stop.
        let _ = self.all.println(line);
    }
}

impl Default for ProgressBars {
    fn default() -> Self {
        Self::new()
    }
}

impl Sink for ProgressBars {
    fn take(&mut self, event: &Event) {
        match event {
            Event::StageStarted { stage, .. } => {
                let bar = self.all.add(ProgressBar::new_spinner());
                let style = ProgressStyle::with_template("{spinner} {prefix} {elapsed} {msg}");
                bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
                bar.set_prefix(stage.clone());
                bar.enable_steady_tick(Duration::from_millis(120));
                self.bars.insert(stage.clone(), (bar, Instant::now()));
            }
            Event::StageProgress { stage, done, total, unit, fresh, lowest_performance } => {
                let Some((bar, started)) = self.bars.get(stage) else { return };
                if bar.length() != Some(*total) {
                    let template = "{spinner} {prefix} [{bar:24}] {human_pos}/{human_len} {msg}";
                    if let Ok(style) = ProgressStyle::with_template(template) {
                        bar.set_style(style.progress_chars("=> "));
                    }
                    bar.set_length(*total);
                }
                bar.set_position(*done);
                bar.set_message(format!(
                    "{unit}, {}",
                    detail(*lowest_performance, left(*started, *done, *total, *fresh))
                ));
            }
            Event::StageFinished { stage, outcome, duration_ms, .. } => {
                if let Some((bar, _)) = self.bars.remove(stage) {
                    bar.finish_and_clear();
                    self.all.remove(&bar);
                }
                self.say(&ending(stage, outcome, *duration_ms));
            }
            other => {
                if let Some(line) = notice(other) {
                    self.say(&line);
                }
            }
        }
    }
}

/// A sink that writes plain lines, for logs and pipes.
pub struct PlainLines<W> {
    to: W,
    running: HashMap<String, (Instant, Instant)>,
}

impl<W: Write + Send> PlainLines<W> {
    /// Lines to `to`.
    pub fn new(to: W) -> Self {
        Self { to, running: HashMap::new() }
    }

    fn say(&mut self, line: &str) {
        // A pipe that is closed is no reason to stop.
        let _ = writeln!(self.to, "{line}");
    }
}

impl<W: Write + Send> Sink for PlainLines<W> {
    fn take(&mut self, event: &Event) {
        match event {
            Event::StageStarted { stage, reason, .. } => {
                self.say(&format!("start        {stage} ({reason})"));
                self.running.insert(stage.clone(), (Instant::now(), Instant::now()));
            }
            Event::StageProgress { stage, done, total, unit, fresh, lowest_performance } => {
                let Some((started, said)) = self.running.get_mut(stage) else { return };
                let left = left(*started, *done, *total, *fresh);
                if said.elapsed() < PLAIN_EVERY {
                    return;
                }
                *said = Instant::now();
                let detail = detail(*lowest_performance, left);
                self.say(&format!("running      {stage}: {done}/{total} {unit}, {detail}"));
            }
            Event::StageFinished { stage, outcome, duration_ms, .. } => {
                self.running.remove(stage);
                self.say(&ending(stage, outcome, *duration_ms));
            }
            other => {
                if let Some(line) = notice(other) {
                    self.say(&line);
                }
            }
        }
    }
}
