//! Components of a message: rows of buttons are checked, others handed through. Each gets a number.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::form::Findings;

const ROW: u64 = 1;
const LINK: u64 = 5;
/// Rows in a message, buttons in a row; characters of a custom id and of a label.
const ROWS_MAX: usize = 5;
const ROW_MAX: usize = 5;
const CUSTOM_ID_MAX: usize = 100;
const LABEL_MAX: usize = 80;

/// The components of a body, as a message shows them.
pub(crate) fn components(value: &Value, findings: &mut Findings) -> Vec<Value> {
    let mut all = value.as_array().cloned().unwrap_or_default();
    let mut seen = BTreeSet::new();
    let rows = || all.iter().enumerate().filter(|(_, one)| one["type"] == ROW);
    if rows().count() > ROWS_MAX {
        findings.note("components", "BASE_TYPE_MAX_LENGTH", "Must be 5 or fewer in length.");
    }
    for (at, row) in rows() {
        let inside = row["components"].as_array().map(Vec::as_slice).unwrap_or_default();
        let path = format!("components.{at}.components");
        if inside.is_empty() || inside.len() > ROW_MAX {
            findings.note(&path, "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 5 in length.");
        }
        for (place, one) in inside.iter().enumerate().filter(|(_, one)| one["type"] == 2) {
            let path = format!("{path}.{place}");
            button(&path, one, findings);
            if one["custom_id"].as_str().is_some_and(|id| !seen.insert(id)) {
                let message = "Component custom id cannot be duplicated";
                findings.note(&format!("{path}.custom_id"), "COMPONENT_CUSTOM_ID_DUPLICATED", message);
            }
        }
    }
    number(&mut all, &mut 0);
    all
}

fn button(path: &str, one: &Value, findings: &mut Findings) {
    let (custom_id, style) = (one["custom_id"].as_str(), one["style"].as_u64());
    if style.is_none() {
        findings.note(&format!("{path}.style"), "BASE_TYPE_REQUIRED", "This field is required");
    }
    if style != Some(LINK) && custom_id.is_none_or(str::is_empty) {
        let message = "A custom id is required";
        findings.note(&format!("{path}.custom_id"), "COMPONENT_CUSTOM_ID_REQUIRED", message);
    }
    findings.too_long(&format!("{path}.custom_id"), custom_id.unwrap_or_default(), CUSTOM_ID_MAX);
    findings.too_long(&format!("{path}.label"), one["label"].as_str().unwrap_or_default(), LABEL_MAX);
}

/// Those without a number get the next one, from 1 on.
fn number(components: &mut [Value], last: &mut u64) {
    for one in components.iter_mut().filter(|one| one.is_object()) {
        if one["id"].as_u64().unwrap_or(0) == 0 {
            *last += 1;
            one["id"] = json!(last);
        }
        let inside = one.get_mut("components").and_then(Value::as_array_mut);
        number(inside.map(Vec::as_mut_slice).unwrap_or_default(), last);
        if let Some(accessory) = one.get_mut("accessory") {
            number(std::slice::from_mut(accessory), last);
        }
    }
}
