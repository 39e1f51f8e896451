//! Metrics before and after as a table for the terminal.

use super::data::MetricRow;
use super::number::value;

/// An aligned plain-text table with the columns metric, before, after and, if any row knows it, chance. Ends with a line end.
#[must_use]
pub fn table(rows: &[MetricRow]) -> String {
    let chance = rows.iter().any(|row| row.chance.is_some());
    let columns = if chance { 4 } else { 3 };
    let mut cells = vec![["metric", "before", "after", "chance"].map(str::to_owned)];
    cells.extend(rows.iter().map(|row| {
        [
            row.name.clone(),
            value(row.before),
            value(row.after),
            value(row.chance),
        ]
    }));
    let width = |column: usize| {
        cells
            .iter()
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for (number, row) in cells.iter().enumerate() {
        let line: Vec<String> = widths
            .iter()
            .zip(row)
            .enumerate()
            .map(|(column, (&width, cell))| {
                if column == 0 {
                    format!("{cell:<width$}")
                } else {
                    format!("{cell:>width$}")
                }
            })
            .collect();
        text.push_str(line.join(" | ").trim_end());
        text.push('\n');
        if number == 0 {
            let rule: Vec<String> = widths.iter().map(|&width| "-".repeat(width)).collect();
            text.push_str(&rule.join("-+-"));
            text.push('\n');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{MetricRow, table};

    fn row(name: &str, before: f64, after: f64, chance: Option<f64>) -> MetricRow {
        MetricRow {
            name: name.to_owned(),
            before: Some(before),
            after: Some(after),
            chance,
            ..MetricRow::default()
        }
    }

    #[test]
    fn columns_are_aligned() {
        let rows = [
            row("BLEU-4", 0.0, 0.2134, None),
            row("retrieval R@1 (%)", 0.3, 41.25, Some(0.25)),
        ];
        let expected = "\
metric            | before |  after | chance
------------------+--------+--------+-------
BLEU-4            |      0 | 0.2134 |      -
retrieval R@1 (%) |    0.3 |  41.25 |   0.25
";
        assert_eq!(table(&rows), expected);
        let short = table(&rows[..1]);
        assert!(!short.contains("chance"), "{short}");
        assert_eq!(table(&[]).lines().count(), 2);
    }
}
