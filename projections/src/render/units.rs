//! Lengths as Discord may count them, and what can be seen.

use unicode_segmentation::GraphemeCursor;

/// Length in UTF-16 units: never less than Discord's count of characters.
pub(super) fn units(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

/// The longest start of `text` within `max` UTF-16 units that does not end inside what a reader takes
/// for one character, unless that one alone is longer.
pub(super) fn prefix(text: &str, max: usize) -> &str {
    let hard = hard_end(text, max);
    if hard == text.len() {
        return text;
    }
    // A little of what follows is enough to see whether it joins what stands before.
    let window = &text[..text.floor_char_boundary(hard + 64)];
    let mut cursor = GraphemeCursor::new(hard, window.len(), true);
    let end = match cursor.is_boundary(window, 0) {
        Ok(false) => cursor.prev_boundary(window, 0).ok().flatten().unwrap_or(hard),
        Ok(true) | Err(_) => hard,
    };
    &text[..if end == 0 { hard } else { end }]
}

/// `text` in at most `max` UTF-16 units, an ellipsis where it was cut.
pub(super) fn shorten(text: &str, max: usize) -> String {
    if hard_end(text, max) == text.len() {
        return text.to_owned();
    }
    let mut cut = prefix(text, max.saturating_sub(1)).trim_end().to_owned();
    cut.push('…');
    cut
}

/// Whether Discord would show nothing.
pub(super) fn is_blank(text: &str) -> bool {
    text.chars().all(|c| is_space(c) || is_hidden(c))
}

/// White space, and letters that look like it.
pub(super) fn is_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{115f}' | '\u{1160}' | '\u{2800}' | '\u{3164}' | '\u{ffa0}')
}

/// Control, zero-width and direction characters.
pub(super) fn is_hidden(c: char) -> bool {
    let listed = matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}');
    listed || (c.is_control() && !c.is_whitespace())
}

fn hard_end(text: &str, max: usize) -> usize {
    let mut left = max;
    for (at, c) in text.char_indices() {
        match left.checked_sub(c.len_utf16()) {
            Some(rest) => left = rest,
            None => return at,
        }
    }
    text.len()
}
