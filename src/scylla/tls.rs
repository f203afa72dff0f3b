//! TLS to the cluster.

use super::address::Tls;
use crate::tls;
use rustls::ClientConfig;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use std::sync::Arc;

/// What the driver connects with. The error is words for the operator.
pub(super) fn config(tls: &Tls) -> Result<Arc<ClientConfig>, String> {
    let client = tls::client(tls.ca.as_deref())?;
    let config = match &tls.client {
        None => client.with_no_client_auth(),
        Some((certificate, key)) => {
            let key = PrivateKeyDer::from_pem_file(key).map_err(|error| tls::unreadable(key, &error))?;
            let own = client.with_client_auth_cert(tls::certificates(certificate)?, key);
            own.map_err(|error| format!("{} does not serve: {error}", certificate.display()))?
        }
    };
    Ok(Arc::new(config))
}
