//! TLS to the broker, with a provider of our own choice: no other crate's default is relied upon.

use super::Failure;
use crate::rabbit::address::Tls;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use std::path::Path;
use std::sync::Arc;

/// What connections are made with.
pub(super) fn config(tls: &Tls) -> Result<Arc<ClientConfig>, Failure> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| Failure::Stopped(error.to_string()))?;
    let config = builder.with_root_certificates(roots(tls.ca.as_deref())?).with_no_client_auth();
    Ok(Arc::new(config))
}

/// Whom we trust: an empty list would trust nobody, silently.
fn roots(ca: Option<&Path>) -> Result<RootCertStore, Failure> {
    let mut roots = RootCertStore::empty();
    let found = match ca {
        Some(file) => certificates(file)?,
        None => rustls_native_certs::load_native_certs().certs,
    };
    let (added, _) = roots.add_parsable_certificates(found);
    if added == 0 {
        let place = ca.map_or("the system".into(), Path::to_string_lossy);
        let words = format!("{place} has no certificate of an authority; name one by ?ca=FILE");
        return Err(Failure::Stopped(words));
    }
    Ok(roots)
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let all = CertificateDer::pem_file_iter(file).and_then(Iterator::collect);
    all.map_err(|error| Failure::Stopped(format!("{} cannot be read: {error}", file.display())))
}
