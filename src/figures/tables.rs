//! What figures ask of the columns of tables.

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
