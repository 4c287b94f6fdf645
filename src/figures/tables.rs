//! What figures ask of the columns of tables.

use crate::table::Table;

use super::FigureError;

/// Which checkpoint is shown: `mid checkpoint at 1280 trials, performance 0.66`, from the first row of a
/// table with `stage` (text), `checkpoint` (trials trained) and `performance`.
pub(super) fn checkpoint(about: &Table) -> Result<String, FigureError> {
    Ok(format!(
        "{} checkpoint at {} trials, performance {}",
        about.text("stage")?[0],
        about.i64("checkpoint")?[0],
        fixed(about.f64("performance")?[0], 2),
    ))
}

/// The names of a column in the order of their first appearance.
pub(super) fn distinct(names: Vec<String>) -> Vec<String> {
    let mut distinct = Vec::new();
    for name in names {
        if !distinct.contains(&name) {
            distinct.push(name);
        }
    }
    distinct
}

/// A number for people; a dash if it is missing.
pub(super) fn fixed(value: f64, decimals: usize) -> String {
    if value.is_finite() {
        format!("{value:.decimals$}").replace('-', "\u{2212}")
    } else {
        "\u{2013}".to_owned()
    }
}

/// A p-value as papers print it.
pub(super) fn p_value(p: f64) -> String {
    if p < 0.001 { "p < 0.001".to_owned() } else { format!("p = {}", fixed(p, 3)) }
}

/// What the first one-way ANOVA among headline numbers found: of what, the F statistic with its degrees
/// of freedom, the p-value, and what it is worth. `None` if there is none.
///
/// `numbers` has a row for each number: `quantity`, `test` (text, empty where there is none), `statistic`,
/// `df` (text), `p`, `scope` (text).
pub(super) fn anova(numbers: &Table) -> Result<Option<String>, FigureError> {
    let Some(row) = numbers.text("test")?.iter().position(|test| test == "one-way ANOVA") else {
        return Ok(None);
    };
    let text = |column: &str| -> Result<String, FigureError> { Ok(numbers.text(column)?.swap_remove(row)) };
    let number = |column: &str| -> Result<f64, FigureError> { Ok(numbers.f64(column)?[row]) };
    let quantity = text("quantity")?;
    let mut letters = quantity.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    Ok(Some(format!(
        "{first}{}: one-way ANOVA, F({}) = {}, {} ({}).",
        letters.as_str(),
        text("df")?,
        fixed(number("statistic")?, 1),
        p_value(number("p")?),
        text("scope")?
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_printed_as_papers_do() {
        assert_eq!(
            (fixed(-0.126, 2), fixed(f64::NAN, 2)),
            ("\u{2212}0.13".to_owned(), "\u{2013}".to_owned())
        );
        assert_eq!((p_value(0.00099), p_value(0.05)), ("p < 0.001".to_owned(), "p = 0.050".to_owned()));
    }
}
