//! What changed between two texts, word by word.

use similar::{Algorithm, DiffOp, capture_diff_slices_by_key};

/// Words compared at most; longer texts are shown as one replacement of their middle.
const WORDS_MAX: usize = 1_000;

/// A stretch of a text beside another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// In both; as the new one has it.
    Kept(String),
    /// Only in the old one.
    Removed(String),
    /// Only in the new one.
    Added(String),
}

/// The new text with what the old one had besides, by the longest common run of words. Each piece is whole words with
/// the white space behind them.
#[must_use]
pub fn pieces(old: &str, new: &str) -> Vec<Piece> {
    let (old, new) = (words(old), words(new));
    let start = old.iter().zip(&new).take_while(|(one, other)| same(one, other)).count();
    let rest = |text: &[&str]| text.len() - start;
    let common = old.iter().rev().zip(new.iter().rev()).take_while(|(one, other)| same(one, other)).count();
    let end = common.min(rest(&old)).min(rest(&new));
    let middle = changed(&old[start..old.len() - end], &new[start..new.len() - end]);
    let ends = [Piece::Kept(new[..start].concat()), Piece::Kept(new[new.len() - end..].concat())];
    let [before, behind] = ends;
    let all = [before].into_iter().chain(middle).chain([behind]);
    all.filter(|piece| !piece.text().is_empty()).collect()
}

/// The middle, whose ends differ.
fn changed(old: &[&str], new: &[&str]) -> Vec<Piece> {
    if old.len() > WORDS_MAX || new.len() > WORDS_MAX {
        return vec![Piece::Removed(old.concat()), Piece::Added(new.concat())];
    }
    // White space behind a word does not tell it from another.
    let ops = capture_diff_slices_by_key(Algorithm::Myers, old, new, |word| word.trim_end().to_owned());
    let piece = |op: DiffOp| match op {
        DiffOp::Equal { new_index, len, .. } => vec![Piece::Kept(new[new_index..new_index + len].concat())],
        DiffOp::Delete { old_index, old_len, .. } => {
            vec![Piece::Removed(old[old_index..old_index + old_len].concat())]
        }
        DiffOp::Insert { new_index, new_len, .. } => {
            vec![Piece::Added(new[new_index..new_index + new_len].concat())]
        }
        DiffOp::Replace { old_index, old_len, new_index, new_len } => vec![
            Piece::Removed(old[old_index..old_index + old_len].concat()),
            Piece::Added(new[new_index..new_index + new_len].concat()),
        ],
    };
    ops.into_iter().flat_map(piece).collect()
}

impl Piece {
    /// Its text.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Kept(text) | Self::Removed(text) | Self::Added(text) => text,
        }
    }
}

/// `kept [-removed-]{+added+} kept`, as [`pieces`] says.
#[must_use]
pub fn word_changes(old: &str, new: &str) -> String {
    let mut out = String::new();
    let mut removed = String::new();
    for piece in pieces(old, new) {
        match piece {
            Piece::Kept(text) => {
                push_change(&mut out, &std::mem::take(&mut removed), "");
                out.push_str(&text);
            }
            Piece::Removed(text) => removed = text,
            Piece::Added(text) => push_change(&mut out, &std::mem::take(&mut removed), &text),
        }
    }
    push_change(&mut out, &removed, "");
    out
}

/// Words with the white space behind them.
fn words(text: &str) -> Vec<&str> {
    text.split_inclusive(char::is_whitespace).collect()
}

/// White space behind a word does not tell it from another.
fn same(one: &str, other: &str) -> bool {
    one.trim_end() == other.trim_end()
}

/// White space behind a change stays outside of the brackets where both sides end in it.
fn push_change(out: &mut String, removed: &str, added: &str) {
    let tail = |text: &str| text[text.trim_end().len()..].to_owned();
    let apart =
        out.is_empty() || out.ends_with(char::is_whitespace) || (removed.is_empty() && added.is_empty());
    if !apart {
        out.push(' ');
    }
    if !removed.is_empty() {
        out.push_str(&format!("[-{}-]", removed.trim_end()));
    }
    if !added.is_empty() {
        out.push_str(&format!("{{+{}+}}", added.trim_end()));
    }
    out.push_str(&tail(if added.is_empty() { removed } else { added }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_shown_word_by_word() {
        let check = |old: &str, new: &str, wanted: &str| {
            assert_eq!(word_changes(old, new), wanted);
            // What is not removed is the new text, whatever is in it.
            let all = pieces(old, new);
            let rest = all.iter().filter(|piece| !matches!(piece, Piece::Removed(_)));
            assert_eq!(rest.map(Piece::text).collect::<String>(), new);
        };
        check("same", "same", "same");
        check("a b c", "a x c", "a [-b-]{+x+} c");
        check("a c", "a b c", "a {+b+} c");
        check("a b c", "a c", "a [-b-] c");
        check("", "new", "{+new+}");
        check("old", "", "[-old-]");
        check("one two three", "zero two four", "[-one-]{+zero+} two [-three-]{+four+}");
        check("a a a", "a a", "a a [-a-]");
        check("a b", "a b c", "a b {+c+}");
        check("a b c", "a b", "a b [-c-]");
        check("hällo wörld", "hällo wörlds", "hällo [-wörld-]{+wörlds+}");
        check("[-a-] b", "[-a-] {+c+}", "[-a-] [-b-]{+{+c+}+}");
        let long = "word ".repeat(WORDS_MAX + 1);
        check(&long, "x", &format!("[-{}-]{{+x+}}", long.trim_end()));
    }
}
