//! Certificates of a CA that exists for one test.

use std::path::{Path, PathBuf};

use tokio::process::Command;

use crate::{
    Error,
    cache::{run, text},
};

const TLS: &str = include_str!("../assets/tls.sh");

/// Makes the certificates under `data/tls`, or finds them there.
pub(crate) async fn certificates(data: &Path) -> Result<PathBuf, Error> {
    let folder = data.join("tls");
    run("making certificates with openssl", Command::new("sh"), &["-c", TLS, "tls", &text(&folder)]).await?;
    Ok(folder)
}
