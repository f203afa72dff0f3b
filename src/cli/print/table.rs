//! Columns as wide as what is in them.

/// Rows of `N` cells below a head that may be empty.
pub(super) struct Table<const N: usize> {
    head: [&'static str; N],
    rows: Vec<[String; N]>,
}

impl<const N: usize> Table<N> {
    pub(super) const fn new(head: [&'static str; N]) -> Self {
        Self { head, rows: Vec::new() }
    }

    pub(super) fn push(&mut self, row: [String; N]) {
        self.rows.push(row);
    }

    /// The lines; none where there are no rows. The head is left out where it says nothing.
    pub(super) fn lines(self) -> Vec<String> {
        if self.rows.is_empty() {
            return Vec::new();
        }
        let says = self.head.iter().any(|cell| !cell.trim().is_empty());
        let head = says.then(|| self.head.map(str::to_owned));
        let rows: Vec<_> = head.into_iter().chain(self.rows).collect();
        let widths: [usize; N] = std::array::from_fn(|at| {
            rows.iter().map(|row| row[at].chars().count()).max().unwrap_or_default()
        });
        rows.iter().map(|row| line(row, &widths)).collect()
    }
}

/// A column that is empty in all rows takes no room.
fn line<const N: usize>(row: &[String; N], widths: &[usize; N]) -> String {
    let cells = row.iter().zip(widths).filter(|(_, width)| **width > 0);
    let padded: Vec<_> = cells.map(|(cell, width)| format!("{cell:<width$}")).collect();
    padded.join("  ").trim_end().to_owned()
}
