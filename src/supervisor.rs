//! What a service manager is told: systemd's notify protocol, one datagram a state. Source: sd_notify(3).

use std::ffi::OsStr;
use std::io;
use std::os::unix::net::UnixDatagram;

/// The node answers commands.
pub const READY: &str = "READY=1";
/// It was told to stop, and does.
pub const STOPPING: &str = "STOPPING=1";

/// Tells whoever started this process, if it wants to know (`NOTIFY_SOCKET`). That it cannot be told stops nothing.
pub fn tell(state: &str) {
    let Some(socket) = std::env::var_os("NOTIFY_SOCKET").filter(|socket| !socket.is_empty()) else { return };
    if let Err(error) = tell_at(&socket, state) {
        tracing::warn!(%error, "the service manager cannot be told how this stands");
    }
}

fn tell_at(socket: &OsStr, state: &str) -> io::Result<()> {
    let from = UnixDatagram::unbound()?;
    #[cfg(target_os = "linux")]
    if let Some(name) = std::os::unix::ffi::OsStrExt::as_bytes(socket).strip_prefix(b"@") {
        use std::os::linux::net::SocketAddrExt as _;
        let address = std::os::unix::net::SocketAddr::from_abstract_name(name)?;
        return from.send_to_addr(state.as_bytes(), &address).map(drop);
    }
    from.send_to(state.as_bytes(), socket).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_one_datagram() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        tell_at(path.as_os_str(), READY).unwrap();
        tell_at(path.as_os_str(), STOPPING).unwrap();
        let mut bytes = [0; 64];
        for expected in [READY, STOPPING] {
            let count = socket.recv(&mut bytes).unwrap();
            assert_eq!(&bytes[..count], expected.as_bytes());
        }
        assert!(tell_at(place.path().join("nobody").as_os_str(), READY).is_err());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_socket_may_have_no_path() {
        use std::os::linux::net::SocketAddrExt as _;
        let name = format!("mirror-test-{}", std::process::id());
        let address = std::os::unix::net::SocketAddr::from_abstract_name(name.as_bytes()).unwrap();
        let socket = UnixDatagram::bind_addr(&address).unwrap();
        tell_at(OsStr::new(&format!("@{name}")), READY).unwrap();
        let mut bytes = [0; 64];
        let count = socket.recv(&mut bytes).unwrap();
        assert_eq!(&bytes[..count], READY.as_bytes());
    }
}
