//! Times as people say them: roughly.

/// A duration in its largest unit: `0.2 s`, `45 s`, `3 min`, `2 h`, `4 days`.
pub fn about(ms: u64) -> String {
    let seconds = ms as f64 / 1000.0;
    match seconds {
        ..9.95 => format!("{seconds:.1} s"),
        ..99.5 => format!("{seconds:.0} s"),
        ..5_970.0 => format!("{:.0} min", seconds / 60.0),
        ..171_000.0 => format!("{:.0} h", seconds / 3600.0),
        _ => format!("{:.0} days", seconds / 86_400.0),
    }
}

#[cfg(test)]
mod tests {
    use super::about;

    #[test]
    fn durations_are_said_in_their_largest_unit() {
        let said = [0, 1_540, 9_949, 62_000, 180_000, 5_400_000, 7_200_000, 260_000_000].map(about);
        assert_eq!(said, ["0.0 s", "1.5 s", "9.9 s", "62 s", "3 min", "90 min", "2 h", "3 days"]);
    }
}
