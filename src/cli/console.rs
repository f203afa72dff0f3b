//! `mirror console`: the way into the console of a running node.

use super::args::WebConsole;
use super::write_out;
use crate::commands::CommandError;
use crate::config::{Config, Listen};
use crate::console::{TOKEN_FILE, ensure, noted_address, rotate};
use std::io::{Write, stderr};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long a console may take to let us connect.
const PATIENCE: Duration = Duration::from_millis(500);

/// Prints it.
pub(super) async fn run(config: &Config, args: WebConsole, is_json: bool) -> Result<ExitCode, CommandError> {
    let directory = &config.data_dir;
    let failed = |error: std::io::Error| {
        CommandError::Failed(format!("the token in {} cannot be kept: {error}", directory.display()))
    };
    if !directory.is_dir() {
        let words = format!(
            "there is no data directory {} yet: start the node first (mirror run)",
            directory.display()
        );
        return Err(CommandError::Wrong(words));
    }
    let noted = noted_address(directory);
    let address = match (noted, config.console.listen) {
        (Some(noted), _) => noted,
        (None, Listen::At(address)) => address,
        (None, Listen::Off) => {
            return Err(CommandError::Wrong(
                "the console is off: console.listen says where it is to listen".to_owned(),
            ));
        }
    };
    if args.rotate { rotate(directory) } else { ensure(directory) }.map_err(failed)?;
    let token = std::fs::read_to_string(directory.join(TOKEN_FILE)).map_err(failed)?;
    let address = reached(address);
    let url = format!("http://{address}/enter?token={}", token.trim());
    let listens = matches!(timeout(PATIENCE, TcpStream::connect(address)).await, Ok(Ok(_)));
    if listens && noted.is_none() {
        // Whoever opened it would give the token away.
        return Err(CommandError::Failed(format!(
            "another program listens on {address}, no node of this data directory: set console.listen to another \
             address, and start the node again"
        )));
    }
    if !listens {
        // The address is right once a node runs; nothing is left to do where even this cannot be written.
        writeln!(stderr(), "mirror: nobody listens there now: start a node (mirror run)").ok();
    }
    let text = match is_json {
        true => format!("{}\n", serde_json::json!({ "url": url, "listens": listens })),
        false => format!("{url}\n"),
    };
    write_out(text)?;
    Ok(if listens { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Where a browser on this machine finds what listens on every address.
fn reached(address: SocketAddr) -> SocketAddr {
    match address {
        SocketAddr::V4(at) if at.ip().is_unspecified() => (Ipv4Addr::LOCALHOST, at.port()).into(),
        SocketAddr::V6(at) if at.ip().is_unspecified() => (Ipv6Addr::LOCALHOST, at.port()).into(),
        other => other,
    }
}
