//! Files that come with a request, and what its `attachments` say of them and of those that are there already.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::{
    Call, form,
    reply::{ApiError, Reply},
};
use crate::{
    cdn::File,
    id,
    world::{Message, World},
};

/// Discord refuses larger files, where nobody has boosted a guild; and more than ten of them.
const FILE_BYTES_MAX: usize = 10 * 1024 * 1024;
const FILES_MAX: usize = 10;

/// Addresses that are refreshed in one request.
const REFRESHED_MAX: usize = 50;

/// What the sender may say of a file besides its name.
const SAID: [&str; 4] = ["description", "title", "duration_secs", "waveform"];

/// A file as it came.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Upload {
    /// Of `files[N]`.
    pub(crate) index: Option<u64>,
    pub(crate) name: String,
    pub(crate) content_type: String,
    pub(crate) bytes: Bytes,
}

/// The files of a request; `attachments` tells what they are called.
pub(crate) fn files(call: &Call, body: &Value) -> Result<Vec<File>, ApiError> {
    if call.files.len() > FILES_MAX {
        return Err(form::too_many("files", FILES_MAX));
    }
    if call.files.iter().any(|file| file.bytes.len() > FILE_BYTES_MAX) {
        return Err(ApiError::too_large());
    }
    Ok(call.files.iter().map(|file| described(file, body)).collect())
}

fn described(upload: &Upload, body: &Value) -> File {
    let listed = body["attachments"].as_array().into_iter().flatten();
    let said =
        listed.into_iter().find(|said| upload.index.is_some() && id::from_json(&said["id"]) == upload.index);
    let name = said.and_then(|said| said["filename"].as_str()).unwrap_or(&upload.name);
    let fields = SAID.iter().filter_map(|field| Some((*field, said?.get(*field)?)));
    let more: Map<String, Value> = fields
        .filter(|(_, value)| !value.is_null())
        .map(|(field, value)| (field.to_owned(), value.clone()))
        .collect();
    File {
        name: name.to_owned(),
        content_type: upload.content_type.clone(),
        bytes: upload.bytes.clone(),
        claimed: None,
        more: json!(more),
    }
}

/// What an edit leaves of a message's files: those listed and the new ones; without a list all, and the new ones.
pub(crate) fn edited(
    world: &mut World,
    message: &Message,
    body: &Value,
    new: Vec<File>,
) -> Option<Vec<Value>> {
    if body.get("attachments").is_none() && new.is_empty() {
        return None;
    }
    let mut files = message.extra.as_deref().map(|extra| extra.attachments.clone()).unwrap_or_default();
    if let Some(listed) = body.get("attachments") {
        let listed: Vec<u64> =
            listed.as_array().into_iter().flatten().filter_map(|file| id::from_json(&file["id"])).collect();
        files.retain(|file| id::from_json(&file["id"]).is_some_and(|id| listed.contains(&id)));
    }
    files.extend(new.into_iter().map(|file| world.store(message.channel, file)));
    Some(files)
}

/// `POST /attachments/refresh-urls`, which no document names.
pub(crate) fn refresh(world: &World, call: &Call) -> Result<Reply, ApiError> {
    let asked = call.object()?["attachment_urls"].as_array().cloned().unwrap_or_default();
    if asked.len() > REFRESHED_MAX {
        return Err(form::too_many("attachment_urls", REFRESHED_MAX));
    }
    let fresh = |url: &Value| json!({"original": url, "refreshed": url.as_str().and_then(|url| world.cdn.refreshed(url))});
    Ok(Reply::json(&json!({"refreshed_urls": asked.iter().map(fresh).collect::<Vec<_>>()})))
}
