//! What changed between two texts, word by word.

/// Words compared at most; longer texts are shown as one replacement of their middle.
const WORDS_MAX: usize = 400;

/// `kept [-removed-]{+added+} kept`, by the longest common run of words. Equal ends are cut off first.
#[must_use]
pub fn word_changes(old: &str, new: &str) -> String {
    let (old, new) = (words(old), words(new));
    let start = old.iter().zip(&new).take_while(|(one, other)| same(one, other)).count();
    let rest = |text: &[&str]| text.len() - start;
    let common = old.iter().rev().zip(new.iter().rev()).take_while(|(one, other)| same(one, other)).count();
    let end = common.min(rest(&old)).min(rest(&new));
    let (old_middle, new_middle) = (&old[start..old.len() - end], &new[start..new.len() - end]);
    let mut out = new[..start].concat();
    push_middle(&mut out, old_middle, new_middle);
    out.push_str(&new[new.len() - end..].concat());
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

fn push_middle(out: &mut String, old: &[&str], new: &[&str]) {
    if old.len() > WORDS_MAX || new.len() > WORDS_MAX {
        push_change(out, &old.concat(), &new.concat());
        return;
    }
    let lengths = common_lengths(old, new);
    let (mut at, mut to) = (0, 0);
    let (mut removed, mut added) = (String::new(), String::new());
    while at < old.len() || to < new.len() {
        if at < old.len() && to < new.len() && same(old[at], new[to]) {
            push_change(out, &std::mem::take(&mut removed), &std::mem::take(&mut added));
            out.push_str(new[to]);
            (at, to) = (at + 1, to + 1);
        } else if to == new.len() || (at < old.len() && lengths[at + 1][to] >= lengths[at][to + 1]) {
            removed.push_str(old[at]);
            at += 1;
        } else {
            added.push_str(new[to]);
            to += 1;
        }
    }
    push_change(out, &removed, &added);
}

/// `lengths[i][j]`: the longest common subsequence of `old[i..]` and `new[j..]`.
fn common_lengths(old: &[&str], new: &[&str]) -> Vec<Vec<u16>> {
    let mut lengths = vec![vec![0; new.len() + 1]; old.len() + 1];
    for at in (0..old.len()).rev() {
        for to in (0..new.len()).rev() {
            let skipped: u16 = u16::max(lengths[at + 1][to], lengths[at][to + 1]);
            lengths[at][to] = if same(old[at], new[to]) { lengths[at + 1][to + 1] + 1 } else { skipped };
        }
    }
    lengths
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
        let check = |old: &str, new: &str, wanted: &str| assert_eq!(word_changes(old, new), wanted);
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
        let long = "word ".repeat(WORDS_MAX + 1);
        check(&long, "x", &format!("[-{}-]{{+x+}}", long.trim_end()));
    }
}
