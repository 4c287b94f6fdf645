//! Times and sizes as people write them.

/// Seconds of a text such as `90`, `90 s`, `10 min`, `2 h` or `1 d`.
pub fn seconds(text: &str) -> Option<f64> {
    let units = [("s", 1.0), ("sec", 1.0), ("min", 60.0), ("h", 3600.0), ("d", 86400.0)];
    amount(text, &units)
}

/// Bytes of a text such as `4096`, `500 MB`, `2 GB` or `1.5 GiB`.
pub fn bytes(text: &str) -> Option<f64> {
    let kib = 1024.0_f64;
    let units = [
        ("B", 1.0),
        ("kB", 1e3),
        ("MB", 1e6),
        ("GB", 1e9),
        ("TB", 1e12),
        ("KiB", kib),
        ("MiB", kib.powi(2)),
        ("GiB", kib.powi(3)),
        ("TiB", kib.powi(4)),
    ];
    amount(text, &units)
}

fn amount(text: &str, units: &[(&str, f64)]) -> Option<f64> {
    let text = text.trim();
    let end = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let number: f64 =
        number.trim().parse().ok().filter(|number: &f64| number.is_finite() && *number >= 0.0)?;
    if unit.is_empty() {
        return Some(number);
    }
    units.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit)).map(|(_, factor)| number * factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_the_units_that_people_write() {
        assert_eq!(seconds("90"), Some(90.0));
        assert_eq!(seconds("10 min"), Some(600.0));
        assert_eq!(seconds("1.5h"), Some(5400.0));
        assert_eq!(bytes("2 GB"), Some(2e9));
        assert_eq!(bytes("512 mib"), Some(512.0 * 1024.0 * 1024.0));
        for wrong in ["", "min", "-1 s", "1 week", "1 e 3", "inf"] {
            assert_eq!(seconds(wrong), None, "{wrong}");
        }
    }
}
