//! Every answer that a story gets is held against Discord's own OpenAPI file, with the exceptions below.
//!
//! The file lies beside the workspace (`../shared/data/discord-openapi.json`); where it is not, nothing is checked and the
//! output says so. It describes neither the CDN, nor `POST /attachments/refresh-urls`, nor pages of Cloudflare's.

mod walk;

use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, LazyLock, Mutex},
};

use jsonschema::{Registry, Validator};
use serde_json::{Value, json};

/// Why, and how.
type Exception = (&'static str, fn(&mut Value));

/// What the file says otherwise than Discord's documents or servers do, and how an answer is mended before it is judged.
/// A test below shows that each is still needed.
const EXCEPTIONS: &[Exception] = &[
    ("a 429 needs no `code`: the document of rate limits says that it is optional", |body| {
        if body.get("retry_after").is_some() && body.get("code").is_none() {
            body["code"] = json!(0);
        }
    }),
    (
        "the codes inside `errors` are texts (BASE_TYPE_REQUIRED) in every example, and numbers in the file",
        |body| {
            body.get_mut("errors").into_iter().for_each(number_codes);
        },
    ),
    ("the file knows no reference of type 1, which every forward has", |body| {
        each(body, &mut |object| {
            if let Some(kind) = object.get_mut("message_reference").and_then(|it| it.get_mut("type")) {
                *kind = json!(0);
            }
        });
    }),
];

fn number_codes(tree: &mut Value) {
    each(tree, &mut |object| {
        for error in object.get_mut("_errors").and_then(Value::as_array_mut).into_iter().flatten() {
            error["code"] = json!(0);
        }
    });
}

/// Every object in a value.
fn each(value: &mut Value, visit: &mut dyn FnMut(&mut Value)) {
    if value.is_object() {
        visit(value);
    }
    match value {
        Value::Object(map) => map.values_mut().for_each(|inner| each(inner, visit)),
        Value::Array(list) => list.iter_mut().for_each(|inner| each(inner, visit)),
        _ => {}
    }
}

struct Api {
    document: Value,
    registry: Registry<'static>,
    validators: Mutex<HashMap<String, Arc<Validator>>>,
}

static API: LazyLock<Option<Api>> = LazyLock::new(|| {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/discord-openapi.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!(
            "no ../shared/data/discord-openapi.json beside the workspace: answers are not checked against it"
        );
        return None;
    };
    let document: Value = serde_json::from_str(&text).unwrap();
    let registry = Registry::new().add("urn:discord", document.clone()).unwrap().prepare().unwrap();
    Some(Api { document, registry, validators: Mutex::default() })
});

/// Fails with all that the file forbids about an answer.
pub(crate) fn check(method: &str, path: &str, status: u16, body: &Value) {
    let Some(api) = &*API else { return };
    let mut body = body.clone();
    EXCEPTIONS.iter().for_each(|(_, mend)| mend(&mut body));
    let wrong = api.wrong(method, path, status, &body);
    assert!(wrong.is_empty(), "{method} {path} {status}:\n  {}\n{body}", wrong.join("\n  "));
}

/// Fails with all that a schema of the file forbids about a part of a dispatch.
pub(crate) fn check_part(schema: &str, part: &Value) {
    let Some(api) = &*API else { return };
    let validator = api.validator(&format!("/components/schemas/{schema}"));
    let wrong: Vec<String> =
        validator.iter_errors(part).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(wrong.is_empty(), "{schema}:\n  {}\n{part}", wrong.join("\n  "));
}

impl Api {
    /// What is wrong with an answer; nothing, where the file does not know the route or leaves the status open.
    fn wrong(&self, method: &str, path: &str, status: u16, body: &Value) -> Vec<String> {
        let Some(template) = self.template(method, path) else { return Vec::new() };
        let operation = &self.document["paths"][&template][method.to_lowercase()];
        let exact = status.to_string();
        let key = match (operation["responses"].get(&exact), status) {
            (Some(_), _) => exact,
            (None, 400..=499) => "4XX".to_owned(),
            (None, 500..) => return Vec::new(),
            (None, _) => return vec![format!("{status} is not among the answers of {template}")],
        };
        let (pointer, response) = self.followed(&template, &method.to_lowercase(), &key);
        if response.get("content").is_none() {
            return if body.is_null() { Vec::new() } else { vec!["a body where there is none".to_owned()] };
        }
        let validator = self.validator(&format!("{pointer}/content/application~1json/schema"));
        let said = |error: jsonschema::ValidationError<'_>| format!("{}: {error}", error.instance_path());
        validator.iter_errors(body).map(said).collect()
    }

    /// The path of the file that fits; the one with the fewest parameters, if several do.
    fn template(&self, method: &str, path: &str) -> Option<String> {
        let parts: Vec<&str> = path.split('/').collect();
        let fits = |template: &&String| {
            let named: Vec<&str> = template.split('/').collect();
            named.len() == parts.len()
                && named.iter().zip(&parts).all(|(name, part)| name.starts_with('{') || name == part)
        };
        let paths = self.document["paths"].as_object()?;
        let known = paths.iter().filter(|(_, item)| item.get(method.to_lowercase()).is_some());
        known.map(|(path, _)| path).filter(fits).min_by_key(|path| path.matches('{').count()).cloned()
    }

    /// A response and where it is, behind its references.
    fn followed(&self, template: &str, method: &str, key: &str) -> (String, &Value) {
        let mut pointer = format!("/paths/{}/{method}/responses/{key}", template.replace('/', "~1"));
        loop {
            let found = self.document.pointer(&pointer).unwrap();
            match found["$ref"].as_str() {
                Some(next) => pointer = next.trim_start_matches('#').to_owned(),
                None => return (pointer, found),
            }
        }
    }

    fn validator(&self, pointer: &str) -> Arc<Validator> {
        let mut validators = self.validators.lock().unwrap();
        let built = || {
            // A fragment of a URI has no braces.
            let fragment = pointer.replace('{', "%7B").replace('}', "%7D");
            let schema = json!({"$ref": format!("urn:discord#{fragment}")});
            let options = jsonschema::options()
                .with_registry(&self.registry)
                .with_draft(jsonschema::Draft::Draft202012);
            Arc::new(options.build(&schema).unwrap())
        };
        Arc::clone(validators.entry(pointer.to_owned()).or_insert_with(built))
    }
}

#[test]
fn each_exception_is_needed_and_enough() {
    let Some(api) = &*API else { return };
    let forward = {
        let author = json!({
            "id": "1", "username": "a", "avatar": null, "discriminator": "0", "public_flags": 0, "flags": 0,
            "global_name": null, "primary_guild": null,
        });
        json!({
            "type": 0, "content": "", "mentions": [], "mention_roles": [], "attachments": [], "embeds": [],
            "timestamp": "2026-01-01T00:00:00+00:00", "edited_timestamp": null, "flags": 0, "components": [],
            "id": "2", "channel_id": "3", "author": author, "pinned": false, "mention_everyone": false, "tts": false,
            "message_reference": {"type": 1, "channel_id": "3", "message_id": "4"},
        })
    };
    let form = json!({
        "message": "Invalid Form Body", "code": 50035,
        "errors": {"content": {"_errors": [{"code": "BASE_TYPE_REQUIRED", "message": "This field is required"}]}},
    });
    let cases = [
        (429, json!({"message": "You are being rate limited.", "retry_after": 1.5, "global": false})),
        (400, form),
        (200, forward),
    ];
    for ((why, mend), (status, mut body)) in EXCEPTIONS.iter().zip(cases) {
        let wrong = |body: &Value| api.wrong("GET", "/channels/1/messages/2", status, body);
        assert_ne!(wrong(&body), Vec::<String>::new(), "not needed any more: {why}");
        mend(&mut body);
        assert_eq!(wrong(&body), Vec::<String>::new(), "not enough: {why}");
    }
}

#[test]
fn what_the_file_forbids_is_found() {
    let Some(api) = &*API else { return };
    let wrong = |path, status, body| api.wrong("GET", path, status, &body).len();
    assert_eq!(wrong("/gateway", 200, json!({"url": "wss://gateway.discord.gg"})), 0);
    assert_eq!(wrong("/gateway", 200, json!({"url": 7})), 1, "another type");
    assert_eq!(wrong("/gateway", 200, json!({})), 1, "a field is missing");
    assert_eq!(wrong("/gateway", 201, json!({})), 1, "no such answer");
    assert_eq!(wrong("/channels/1/webhooks", 200, json!([{"id": "1"}])), 1, "none of several");
    assert_eq!(wrong("/nowhere", 200, json!({})), 0, "nothing is known of it");
}
