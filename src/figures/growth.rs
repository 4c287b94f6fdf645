//! The figure of learning: the performance of every task against trials trained.

use crate::table::Table;

use super::FigureError;
use super::axes::{Axis, Panel, Range};
use super::canvas::{Letters, Rect};
use super::legend::{Entry, Legend, Sample};
use super::sheet::{Sheet, nothing};
use super::spans::{Stretch, rows, shade, write_names};
use super::style::{FigureStyle, GAP, Look};
use super::tables::{distinct, fixed};

const TITLE: &str = "Performance during training";

/// Draws the growth of performance as an SVG document, the chosen stages shaded.
///
/// `curves` has a row for each test: `task` (text), `trials` (trained so far), `performance` (smoothed,
/// 0 to 1), the tests of a task in order. `stages` has a row for each stretch of checkpoints that was
/// chosen: `stage` (text), `start`, `end` (trials trained), `task` (text; by whose performance). `numbers` are
/// headline numbers: `group` (the task), `quantity`, `value`; among them `trials to ...`.
///
/// # Errors
/// If a column is missing, or the style cannot be drawn.
pub fn growth(
    curves: &Table,
    stages: &Table,
    numbers: &Table,
    style: &FigureStyle,
) -> Result<String, FigureError> {
    style.check()?;
    let tasks = read_tasks(curves)?;
    if tasks.is_empty() {
        return nothing(style, TITLE, "Nothing to draw: no test has been logged.");
    }
    let chosen_by = distinct(stages.text("task")?);
    let stages = read_stages(stages, style)?;
    let learnt = Learnt::read(numbers)?;
    let letters = Letters::plain(style.font_pt);
    let looks: Vec<Look> =
        tasks.iter().enumerate().map(|(index, (task, _))| style.series_look(task, index)).collect();
    let entries = tasks
        .iter()
        .zip(&looks)
        .map(|((task, _), &look)| Entry { sample: Sample::Series(look), text: learnt.entry(task) });
    let mut legend = Legend::new(style);
    legend.entries(entries.collect());
    if let Some(quantity) = &learnt.quantity {
        legend.note(&format!("In brackets: {quantity} of performance, in thousands."));
    }
    if !chosen_by.is_empty() {
        legend
            .note(&format!("Shaded: the checkpoints chosen by the performance in {}.", chosen_by.join(", ")));
    }
    let sheet = Sheet::new(style, TITLE, legend, (style.width_mm * 0.58).min(80.0));
    let body = sheet.body();
    let y_range = style.y_range(Range { low: 0.0, high: 1.02 });
    let y = Axis::round("performance (share correct)", y_range, 6);
    let left = body.left + Panel::y_axis_width(&y, letters);
    let trained = tasks.iter().flat_map(|(_, points)| points.iter().map(|(trials, _)| *trials));
    let ticks = ((body.right - left) / 12.0) as usize;
    let x = Axis::round("trials trained (thousands)", style.x_range(Range::of(trained)), ticks);
    let bottom = body.bottom - Panel::x_axis_height(letters);
    let rect = Rect { left, bottom, right: body.right - 2.0 * GAP, top: body.top };
    let mut panel = Panel { rect, x: &x, y: &y, letters };
    panel.rect.top += rows(&panel, &stages) as f64 * style.line_mm();
    panel.check()?;
    sheet.draw(|canvas| {
        shade(canvas, &panel, &stages)?;
        write_names(canvas, &panel, &stages, style.line_mm())?;
        panel.draw_x_axis(canvas, true)?;
        panel.draw_y_axis(canvas, true)?;
        for (index, ((_, points), &look)) in tasks.iter().zip(&looks).enumerate() {
            let phase = (index as f64 + 0.5) / tasks.len() as f64;
            panel.curve(canvas, points, look, None, phase)?;
        }
        Ok(())
    })
}

/// When tasks were learnt.
struct Learnt {
    /// What the numbers are, such as `trials to 0.95`.
    quantity: Option<String>,
    /// Trials by task.
    trials: Vec<(String, f64)>,
}

impl Learnt {
    fn read(numbers: &Table) -> Result<Self, FigureError> {
        let (groups, quantities) = (numbers.text("group")?, numbers.text("quantity")?);
        let values = numbers.f64("value")?;
        let quantity = quantities.iter().find(|quantity| quantity.starts_with("trials to ")).cloned();
        let rows = groups.into_iter().zip(&quantities).zip(values);
        let learnt = rows.filter(|((_, of), trials)| Some(*of) == quantity.as_ref() && trials.is_finite());
        Ok(Self { trials: learnt.map(|((task, _), trials)| (task, trials)).collect(), quantity })
    }

    /// A task as the legend names it.
    fn entry(&self, task: &str) -> String {
        match self.trials.iter().find(|(learnt, _)| learnt == task) {
            Some((_, trials)) => format!("{task} ({})", fixed(trials / 1000.0, 0)),
            None => task.to_owned(),
        }
    }
}

/// Thousands of trials and performance at every test, by task.
type TaskCurve = (String, Vec<(f64, f64)>);

fn read_tasks(table: &Table) -> Result<Vec<TaskCurve>, FigureError> {
    let (names, trials, performance) = (table.text("task")?, table.f64("trials")?, table.f64("performance")?);
    let mut tasks: Vec<TaskCurve> = Vec::new();
    for (name, point) in names.into_iter().zip(trials.into_iter().zip(performance)) {
        let point = (point.0 / 1000.0, point.1);
        match tasks.iter_mut().find(|(task, _)| *task == name) {
            Some((_, points)) => points.push(point),
            None => tasks.push((name, vec![point])),
        }
    }
    Ok(tasks)
}

fn read_stages(table: &Table, style: &FigureStyle) -> Result<Vec<Stretch>, FigureError> {
    let (names, starts, ends) = (table.text("stage")?, table.f64("start")?, table.f64("end")?);
    let stages = names.into_iter().zip(starts.into_iter().zip(ends)).map(|(name, (start, end))| Stretch {
        tint: style.stage_look(&name).tint,
        name,
        start: start / 1000.0,
        end: end / 1000.0,
    });
    Ok(stages.collect())
}
