//! Text for people: amounts, times, and aligned columns that fit the width of a page.

use std::fmt;

/// No line is wider, in characters.
pub const WIDTH: usize = 100;
/// Space between columns.
const GAP: usize = 2;
/// A column is not made narrower than this.
const NARROWEST: usize = 12;

/// A duration in its two largest units.
pub fn duration(ms: u64) -> String {
    let seconds = ms / 1000;
    match seconds {
        0..60 => format!("{:.1} s", ms as f64 / 1000.0),
        60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{} h {:02} min", seconds / 3600, seconds / 60 % 60),
        _ => format!("{} d {:02} h", seconds / 86_400, seconds / 3600 % 24),
    }
}

/// An amount of bytes, in powers of 1000.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    let mut amount = bytes as f64;
    let mut unit = 0;
    while amount >= 999.5 && unit + 1 < UNITS.len() {
        amount /= 1000.0;
        unit += 1;
    }
    if unit > 0 && amount < 9.95 {
        format!("{amount:.1} {}", UNITS[unit])
    } else {
        format!("{amount:.0} {}", UNITS[unit])
    }
}

/// A time in milliseconds since 1970 as a date and a time of day (UTC).
pub fn when(ms: u64) -> String {
    let (days, minutes) = ((ms / 86_400_000) as i64, ms / 60_000 % 1440);
    let (year, month, day) = date(days);
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02}", minutes / 60, minutes % 60)
}

/// The date so many days after 1 January 1970 (Howard Hinnant, *chrono-Compatible Low-Level Date
/// Algorithms*, `civil_from_days`).
fn date(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// The first line of a text.
pub fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// A text cut to a width.
pub fn clip(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(std::iter::once('…')).collect()
}

/// `1 file`, `2 files`.
pub fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// Where a column's cells stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Texts.
    Left,
    /// Numbers.
    Right,
}

/// Rows of cells in aligned columns. What is too wide for a page is cut in the widest column of texts.
pub struct Columns {
    sides: Vec<Side>,
    rows: Vec<Vec<String>>,
    indent: usize,
}

impl Columns {
    /// Columns without a head.
    pub fn new<const N: usize>(sides: [Side; N]) -> Self {
        Self { sides: sides.to_vec(), rows: Vec::new(), indent: 0 }
    }

    /// Columns with a head line.
    pub fn headed<const N: usize>(heads: [(&str, Side); N]) -> Self {
        let mut columns = Self::new(heads.map(|(_, side)| side));
        columns.row(heads.map(|(head, _)| head.to_owned()));
        columns
    }

    /// All rows begin with so many spaces.
    pub fn indented(mut self, indent: usize) -> Self {
        self.indent = indent;
        self
    }

    /// Adds a row.
    pub fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.to_vec());
    }

    fn widths(&self) -> Vec<usize> {
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let mut widths: Vec<usize> = (0..self.sides.len()).map(width).collect();
        let spaces = self.indent + GAP * widths.len().saturating_sub(1);
        let over = (spaces + widths.iter().sum::<usize>()).saturating_sub(WIDTH);
        for _ in 0..over {
            let texts = (0..widths.len()).filter(|column| self.sides[*column] == Side::Left);
            let widest = texts.max_by_key(|column| widths[*column]);
            if let Some(column) = widest.filter(|column| widths[*column] > NARROWEST) {
                widths[column] -= 1;
            }
        }
        widths
    }
}

impl fmt::Display for Columns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths = self.widths();
        for row in &self.rows {
            let mut line = " ".repeat(self.indent);
            for ((cell, width), side) in row.iter().zip(&widths).zip(&self.sides) {
                let cell = clip(cell, *width);
                match side {
                    Side::Left => line.push_str(&format!("{cell:<width$}")),
                    Side::Right => line.push_str(&format!("{cell:>width$}")),
                }
                line.push_str(&" ".repeat(GAP));
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_shown_in_units_that_fit() {
        assert_eq!(
            [0, 999, 1000, 12_345, 999_600, 5_000_000_000].map(size),
            ["0 B", "999 B", "1.0 kB", "12 kB", "1.0 MB", "5.0 GB"]
        );
        assert_eq!(
            [0, 1540, 62_000, 3_723_000, 180_000_000].map(duration),
            ["0.0 s", "1.5 s", "1 min 02 s", "1 h 02 min", "2 d 02 h"]
        );
    }

    #[test]
    fn times_are_dates_of_the_calendar() {
        assert_eq!(when(0), "1970-01-01 00:00");
        assert_eq!(when(951_782_400_000), "2000-02-29 00:00");
        assert_eq!(when(1_709_251_199_000), "2024-02-29 23:59");
        assert_eq!(when(4_107_542_400_000), "2100-03-01 00:00");
    }

    #[test]
    fn columns_are_aligned_and_fit_a_page() {
        let mut columns =
            Columns::headed([("stage", Side::Left), ("size", Side::Right), ("why", Side::Left)]);
        columns.row(["a".repeat(70), "1 kB".into(), "b".repeat(60)]);
        columns.row(["psth".into(), "12 kB".into(), String::new()]);
        let text = columns.to_string();
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH && !line.ends_with(' ')));
        assert!(text.contains("aaa…") && text.contains("bbb…"), "{text}");
        let ends: Vec<Option<usize>> =
            text.lines().map(|line| line.find("kB").or(line.find("size").map(|at| at + 2))).collect();
        assert_eq!(ends[0], ends[2]);
    }
}
