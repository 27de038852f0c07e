//! TLS: certificates and keys, read from files and read again when they are renewed.

use std::{
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, SystemTime},
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    },
};

/// How often the files are looked at.
const LOOKED_AT: Duration = Duration::from_secs(60);

/// Where a certificate and its key are.
#[derive(Debug, Clone)]
pub struct Files {
    /// PEM: the certificate, and those between it and its authority.
    pub certificate: PathBuf,
    /// PEM: its private key.
    pub key: PathBuf,
}

/// What makes connections secure. Cheap to clone.
#[derive(Clone)]
pub struct Tls {
    files: Arc<Files>,
    now: Arc<RwLock<TlsAcceptor>>,
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    /// In words, if they can't be read, or don't belong together.
    pub fn open(files: Files) -> Result<Self, String> {
        let now = acceptor(&files)?;
        Ok(Self { files: Arc::new(files), now: Arc::new(RwLock::new(now)) })
    }

    /// What new connections are accepted with.
    pub fn acceptor(&self) -> TlsAcceptor {
        self.now.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes up renewed files, until it is dropped. What can't be read is left as it was.
    pub async fn keep_renewing(self) {
        let mut known = self.written();
        loop {
            tokio::time::sleep(LOOKED_AT).await;
            let written = self.written();
            if written == known {
                continue;
            }
            // Files that are written just now may be read the next time.
            if self.renew() {
                known = written;
            }
        }
    }

    fn renew(&self) -> bool {
        match acceptor(&self.files) {
            Ok(renewed) => {
                *self.now.write().unwrap_or_else(PoisonError::into_inner) = renewed;
                true
            }
            Err(reason) => {
                tracing::warn!(reason, "the certificate is not renewed; the one from before stays");
                false
            }
        }
    }

    fn written(&self) -> [Option<SystemTime>; 2] {
        [&self.files.certificate, &self.files.key]
            .map(|path| std::fs::metadata(path).and_then(|file| file.modified()).ok())
    }
}

fn acceptor(files: &Files) -> Result<TlsAcceptor, String> {
    let Files { certificate, key } = files;
    let unreadable = |path: &PathBuf, reason: &dyn std::fmt::Display| {
        format!("can't read {} as PEM: {reason}", path.display())
    };
    let chain: Vec<CertificateDer> = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect)
        .map_err(|reason| unreadable(certificate, &reason))?;
    let private = PrivateKeyDer::from_pem_file(key).map_err(|reason| unreadable(key, &reason))?;
    let wrong = |reason: &dyn std::fmt::Display| {
        format!("{} and {} don't make a TLS server: {reason}", certificate.display(), key.display())
    };
    let mut config = ServerConfig::builder_with_provider(ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .map_err(|reason| wrong(&reason))?
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .map_err(|reason| wrong(&reason))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertifiedKey, generate_simple_self_signed};
    use tempfile::TempDir;
    use tokio_rustls::{
        TlsConnector,
        rustls::{ClientConfig, RootCertStore},
    };

    fn write(folder: &TempDir) -> (Files, CertificateDer<'static>) {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(vec!["runs.example".to_owned()]).unwrap();
        let files =
            Files { certificate: folder.path().join("certificate.pem"), key: folder.path().join("key.pem") };
        std::fs::write(&files.certificate, cert.pem()).unwrap();
        std::fs::write(&files.key, signing_key.serialize_pem()).unwrap();
        (files, cert.der().clone())
    }

    /// Whether a client that trusts this certificate alone comes through.
    async fn connects(tls: &Tls, trusted: &CertificateDer<'static>) -> bool {
        let mut roots = RootCertStore::empty();
        roots.add(trusted.clone()).unwrap();
        let config = ClientConfig::builder_with_provider(ring::default_provider().into())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let (near, far) = tokio::io::duplex(64 << 10);
        let server = tokio::spawn(tls.acceptor().accept(far).into_fallible());
        let name = "runs.example".try_into().unwrap();
        let connected = TlsConnector::from(Arc::new(config)).connect(name, near).await.is_ok();
        drop(server.await);
        connected
    }

    #[tokio::test]
    async fn a_renewed_certificate_is_taken_up_and_a_broken_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let (files, first) = write(&folder);
        let tls = Tls::open(files.clone()).unwrap();
        assert!(connects(&tls, &first).await);
        let (_, second) = write(&folder);
        assert!(!connects(&tls, &second).await, "not taken up yet");
        assert!(tls.renew());
        assert!(connects(&tls, &second).await);
        std::fs::write(&files.key, "nonsense").unwrap();
        assert!(!tls.renew());
        assert!(connects(&tls, &second).await, "the one from before stays");
    }

    #[test]
    fn what_is_no_pair_is_refused_with_a_reason() {
        let folder = tempfile::tempdir().unwrap();
        let (files, _) = write(&folder);
        let other = tempfile::tempdir().unwrap();
        let (foreign, _) = write(&other);
        let check = |files: Files, reason: &str| {
            let refused = Tls::open(files).err().unwrap();
            assert!(refused.contains(reason), "{refused}");
        };
        check(Files { key: folder.path().join("missing"), ..files.clone() }, "can't read");
        check(Files { certificate: files.key.clone(), ..files.clone() }, "don't make a TLS server");
        check(Files { key: foreign.key, ..files }, "don't make a TLS server");
    }
}
