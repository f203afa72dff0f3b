//! TLS to servers, with a provider of our own choice: no other crate's default is relied upon. Errors are words for
//! the operator.

use rustls::client::WantsClientCert;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{self, PemObject};
use rustls::{ClientConfig, ConfigBuilder, RootCertStore};
use std::path::Path;
use std::sync::Arc;

/// A client that trusts the authorities in `ca`, or without it those of the system.
pub(crate) fn client(ca: Option<&Path>) -> Result<ConfigBuilder<ClientConfig, WantsClientCert>, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    Ok(builder.map_err(|error| error.to_string())?.with_root_certificates(roots(ca)?))
}

/// Whom we trust: an empty list would trust nobody, silently.
fn roots(ca: Option<&Path>) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    let found = match ca {
        Some(file) => certificates(file)?,
        None => rustls_native_certs::load_native_certs().certs,
    };
    let (added, _) = roots.add_parsable_certificates(found);
    if added == 0 {
        let place = ca.map_or("the system".into(), Path::to_string_lossy);
        return Err(format!("{place} has no certificate of an authority; name one by ?ca=FILE"));
    }
    Ok(roots)
}

/// The certificates of a PEM file.
pub(crate) fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let all = CertificateDer::pem_file_iter(file).and_then(Iterator::collect);
    all.map_err(|error| unreadable(file, &error))
}

/// What is wrong with a PEM file.
pub(crate) fn unreadable(file: &Path, error: &pem::Error) -> String {
    format!("{} cannot be read: {error}", file.display())
}
