//! What every test says.

/// The result of a statistical test.
#[derive(Clone, Debug, PartialEq)]
pub struct TestResult {
    /// Which test, and how its p-value was found.
    pub name: &'static str,
    /// The test statistic.
    pub statistic: f64,
    /// Degrees of freedom: none, one, or those between and within groups.
    pub df: Vec<f64>,
    /// Two-sided p-value; for an F statistic that of the upper tail.
    pub p: f64,
}

impl TestResult {
    /// The degrees of freedom as a text, such as `2, 27`; empty if there are none.
    pub fn shown_df(&self) -> String {
        let shown = |df: &f64| if df.fract() == 0.0 { df.to_string() } else { format!("{df:.2}") };
        self.df.iter().map(shown).collect::<Vec<_>>().join(", ")
    }
}
