//! TOML text to [`Node`]s, with every syntax error at once.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::Problem;
use super::source::{Sources, Span};
use super::value::{Entry, Node, Value};

/// Parses source `index`. Gives what could be read, and what is wrong with the rest.
pub fn parse(sources: &Sources, index: usize) -> (Node, Vec<Problem>) {
    let text = sources.get(index).map_or("", |source| source.text.as_str());
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut problems: Vec<Problem> = errors
        .into_iter()
        .map(|error| {
            let span = Span::new(index, error.span().unwrap_or(0..0));
            Problem::at(span, "this is not TOML", error.message().trim())
        })
        .collect();
    let span = Span::new(index, 0..text.len());
    let value = convert_table(index, table.get_ref(), &mut problems);
    (Node { span, value }, problems)
}

fn convert_table(source: usize, table: &DeTable<'_>, problems: &mut Vec<Problem>) -> Value {
    let mut entries: Vec<Entry> = table
        .iter()
        .map(|(key, node)| Entry {
            key: key.get_ref().to_string(),
            key_span: Span::new(source, key.span()),
            node: convert(source, node, problems),
        })
        .collect();
    entries.sort_by_key(|entry| entry.key_span);
    Value::Table(entries)
}

fn convert(source: usize, node: &Spanned<DeValue<'_>>, problems: &mut Vec<Problem>) -> Node {
    let span = Span::new(source, node.span());
    let value = match node.get_ref() {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => Value::Integer(number),
            Err(_) => {
                problems.push(Problem::at(span, "this whole number is too large", "more than 64 bits"));
                Value::Integer(0)
            }
        },
        DeValue::Float(number) => match number.as_str().parse::<f64>() {
            Ok(number) if number.is_finite() => Value::Float(number),
            _ => {
                problems.push(Problem::at(span, "this number is not finite", "no parameter takes it"));
                Value::Float(0.0)
            }
        },
        DeValue::Boolean(truth) => Value::Boolean(*truth),
        DeValue::Datetime(moment) => Value::Datetime(moment.to_string()),
        DeValue::Array(items) => {
            Value::Array(items.iter().map(|item| convert(source, item, problems)).collect())
        }
        DeValue::Table(table) => convert_table(source, table, problems),
    };
    Node { span, value }
}
