//! Text in aligned columns, two blanks apart, without blanks at the ends of lines.

use std::fmt;

/// Rows of words.
#[derive(Debug)]
pub struct Columns {
    indent: &'static str,
    rows: Vec<Vec<String>>,
}

impl Columns {
    /// Without rows yet.
    pub fn new(indent: &'static str) -> Self {
        Self { indent, rows: Vec::new() }
    }
    /// One more row.
    pub fn row(&mut self, words: Vec<String>) {
        self.rows.push(words);
    }
}

impl fmt::Display for Columns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or_default();
        let width = |column| {
            let words = self.rows.iter().filter_map(|row| row.get(column));
            words.map(|word: &String| word.chars().count()).max().unwrap_or_default()
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        for row in &self.rows {
            let cells = row.iter().zip(&widths).map(|(word, width)| format!("{word:<width$}"));
            let line = format!("{}{}", self.indent, cells.collect::<Vec<_>>().join("  "));
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}
