//! Tables that fit the terminal.

use console::{Alignment, measure_text_width, pad_str, truncate_str};

use super::text;

const GAP: &str = "  ";
/// A column is not cut below this.
const NARROWEST: usize = 6;

/// A column.
#[derive(Clone, Copy)]
pub(super) struct Column {
    title: &'static str,
    alignment: Alignment,
    may_shrink: bool,
}

impl Column {
    /// For words that must stay whole.
    pub(super) const fn word(title: &'static str) -> Self {
        Self { title, alignment: Alignment::Left, may_shrink: false }
    }

    /// For numbers.
    pub(super) const fn number(title: &'static str) -> Self {
        Self { title, alignment: Alignment::Right, may_shrink: false }
    }

    /// For text that is cut when there is no room.
    pub(super) const fn text(title: &'static str) -> Self {
        Self { title, alignment: Alignment::Left, may_shrink: true }
    }
}

/// Rows under titles. Given in pages, the first page decides how wide the columns are.
pub(super) struct Table<'a> {
    columns: &'a [Column],
    limit: Option<usize>,
    widths: Vec<usize>,
}

impl<'a> Table<'a> {
    /// A table that is at most `limit` wide.
    pub(super) fn new(columns: &'a [Column], limit: Option<usize>) -> Self {
        Self { columns, limit, widths: Vec::new() }
    }

    /// The next rows as lines, after the titles if they are the first.
    pub(super) fn page(&mut self, rows: &[Vec<String>]) -> String {
        let mut rows: Vec<Vec<String>> =
            rows.iter().map(|row| row.iter().map(|cell| text::line(cell)).collect()).collect();
        if self.widths.is_empty() {
            rows.insert(0, self.columns.iter().map(|c| c.title.to_uppercase()).collect());
            self.widths = self.fit(&rows);
        }
        let lines: Vec<String> = rows.iter().map(|row| self.line(row)).collect();
        lines.join("\n")
    }

    fn fit(&self, rows: &[Vec<String>]) -> Vec<usize> {
        let widest = |i: usize| rows.iter().map(|row| measure_text_width(&row[i])).max().unwrap_or(0);
        let mut widths: Vec<usize> = (0..self.columns.len()).map(widest).collect();
        let Some(limit) = self.limit else { return widths };
        for width in &mut widths {
            *width = (*width).min(limit);
        }
        let gaps = GAP.len() * self.columns.len().saturating_sub(1);
        while widths.iter().sum::<usize>() + gaps > limit {
            let shrinkable = widths.iter_mut().zip(self.columns).filter(|(_, c)| c.may_shrink);
            match shrinkable.map(|(w, _)| w).max() {
                Some(w) if *w > NARROWEST => *w -= 1,
                _ => break,
            }
        }
        widths
    }

    fn line(&self, row: &[String]) -> String {
        let cells = row.iter().zip(self.columns).zip(&self.widths);
        let cells: Vec<_> = cells
            .map(|((cell, column), width)| {
                let cut = self.limit.filter(|_| column.may_shrink).map(|_| "…");
                match cut {
                    Some(mark) => pad_str(cell, *width, column.alignment, Some(mark)),
                    None => pad_str(cell, *width, column.alignment, None),
                }
            })
            .collect();
        let line = cells.join(GAP);
        let line = line.trim_end();
        self.limit.map_or_else(|| line.to_owned(), |limit| truncate_str(line, limit, "…").into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static COLUMNS: [Column; 3] = [Column::number("id"), Column::word("state"), Column::text("error")];

    fn row(id: &str, state: &str, error: &str) -> Vec<String> {
        vec![id.into(), state.into(), error.into()]
    }

    #[test]
    fn lines_columns_up_and_cuts_text_to_the_limit() {
        let rows = [row("7", "failed", "日本語の長いエラー message"), row("12", "pending", "")];
        let wide = Table::new(&COLUMNS, None).page(&rows);
        assert_eq!(wide, "ID  STATE    ERROR\n 7  failed   日本語の長いエラー message\n12  pending");
        let narrow = Table::new(&COLUMNS, Some(22)).page(&rows);
        assert_eq!(narrow, "ID  STATE    ERROR\n 7  failed   日本語の…\n12  pending");
    }

    #[test]
    fn never_is_wider_than_the_terminal() {
        for limit in 1..60 {
            let page = Table::new(&COLUMNS, Some(limit)).page(&[row("123456", "cancelled", &"x".repeat(90))]);
            assert!(page.lines().all(|line| measure_text_width(line) <= limit), "{limit}: {page}");
        }
    }

    #[test]
    fn a_cell_stays_on_its_line() {
        let page = Table::new(&COLUMNS, None).page(&[row("1", "failed", "a\nb\x1b[2J\x07c")]);
        assert_eq!(page.lines().nth(1), Some(" 1  failed  a bc"));
    }
}
