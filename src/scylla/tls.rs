//! TLS to the cluster, with a provider of our own choice: no other crate's default is relied upon.

use super::address::Tls;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use std::path::Path;
use std::sync::Arc;

/// What the driver connects with. The error is words for the operator.
pub(super) fn config(tls: &Tls) -> Result<Arc<ClientConfig>, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder =
        builder.map_err(|error| error.to_string())?.with_root_certificates(roots(tls.ca.as_deref())?);
    let config = match &tls.client {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => {
            let key = PrivateKeyDer::from_pem_file(key).map_err(|error| unreadable(key, &error))?;
            let own = builder.with_client_auth_cert(certificates(certificate)?, key);
            own.map_err(|error| format!("{} does not serve: {error}", certificate.display()))?
        }
    };
    Ok(Arc::new(config))
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

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let all = CertificateDer::pem_file_iter(file).and_then(Iterator::collect);
    all.map_err(|error| unreadable(file, &error))
}

fn unreadable(file: &Path, error: &rustls::pki_types::pem::Error) -> String {
    format!("{} cannot be read: {error}", file.display())
}
