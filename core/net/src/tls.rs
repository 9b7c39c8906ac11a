//! TLS 1.3 with raw Ed25519 keys on both sides; no names, no certificates, no resumption, no 0-RTT.
//!
//! TLS only proves that the other end holds the key it shows. Whether that key belongs to somebody
//! who may be here is the proof's business ([`crate::handshake`]).

use std::sync::Arc;

use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{AlwaysResolvesClientRawPublicKeys, Resumption};
use rustls::crypto::{CryptoProvider, verify_tls13_signature_with_raw_key};
use rustls::pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{AlwaysResolvesServerRawPublicKeys, NoServerSessionStorage};
use rustls::{
    DigitallySignedStruct, DistinguishedName, Error as TlsError, PeerIncompatible, SignatureScheme,
};

use crate::{Error, Identity};

/// The ALPN protocol: the one that most QUIC traffic shows (SECURITY 9).
const ALPN: &[u8] = b"h3";
/// The same of TLS over TCP, around a tunnel.
const OUTER_ALPN: &[u8] = b"h2";
/// A name has to be given to TLS; it never leaves this machine (no SNI).
pub(crate) const NO_NAME: &str = "peer.invalid";

/// Length of the DER `SubjectPublicKeyInfo` of an Ed25519 key (RFC 8410).
const ED25519_SPKI_LEN: usize = 44;

pub(crate) fn client(identity: &Identity) -> Result<QuicClientConfig, Error> {
    let config = client_config(ALPN, Some(identity))?;
    QuicClientConfig::try_from(config).map_err(|e| Error::Crypto(e.to_string()))
}

pub(crate) fn server(identity: &Identity) -> Result<QuicServerConfig, Error> {
    let config = server_config(ALPN, identity, true)?;
    QuicServerConfig::try_from(config).map_err(|e| Error::Crypto(e.to_string()))
}

/// Around a tunnel: no key of ours, and any of the other end's, for who that is shows inside.
pub(crate) fn outer_client() -> Result<rustls::ClientConfig, Error> {
    client_config(OUTER_ALPN, None)
}

/// The listener's end of that, with a key that means nothing.
pub(crate) fn outer_server(identity: &Identity) -> Result<rustls::ServerConfig, Error> {
    server_config(OUTER_ALPN, identity, false)
}

/// TLS 1.3 without names and resumption; shows the key of `own`, if there is one.
fn client_config(alpn: &[u8], own: Option<&Identity>) -> Result<rustls::ClientConfig, Error> {
    let verifier = Arc::new(AnyRawKey::new());
    let builder = rustls::ClientConfig::builder_with_provider(verifier.provider.clone())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(crypto)?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let mut config = match own {
        Some(identity) => builder.with_client_cert_resolver(Arc::new(
            AlwaysResolvesClientRawPublicKeys::new(identity.certified()),
        )),
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![alpn.to_vec()];
    config.enable_sni = false;
    config.resumption = Resumption::disabled();
    Ok(config)
}

/// The other end; `asks`: for the dialler's key.
fn server_config(alpn: &[u8], own: &Identity, asks: bool) -> Result<rustls::ServerConfig, Error> {
    let verifier = Arc::new(AnyRawKey::new());
    let builder = rustls::ServerConfig::builder_with_provider(verifier.provider.clone())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(crypto)?;
    let builder = match asks {
        true => builder.with_client_cert_verifier(verifier),
        false => builder.with_no_client_auth(),
    };
    let mut config = builder
        .with_cert_resolver(Arc::new(AlwaysResolvesServerRawPublicKeys::new(own.certified())));
    config.alpn_protocols = vec![alpn.to_vec()];
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(config)
}

/// The name that is none.
pub(crate) fn no_name() -> std::io::Result<ServerName<'static>> {
    ServerName::try_from(NO_NAME).map_err(std::io::Error::other)
}

fn crypto(e: TlsError) -> Error {
    Error::Crypto(e.to_string())
}

/// Accepts every Ed25519 raw public key whose handshake signature is right.
#[derive(Debug)]
struct AnyRawKey {
    provider: Arc<CryptoProvider>,
}

impl AnyRawKey {
    fn new() -> Self {
        Self { provider: Arc::new(rustls::crypto::ring::default_provider()) }
    }

    fn check_key(key: &CertificateDer<'_>) -> Result<(), TlsError> {
        if key.len() == ED25519_SPKI_LEN {
            Ok(())
        } else {
            Err(TlsError::PeerIncompatible(
                PeerIncompatible::NoCertificateRequestSignatureSchemesInCommon,
            ))
        }
    }

    fn check_signature(
        &self,
        message: &[u8],
        key: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        verify_tls13_signature_with_raw_key(
            message,
            &SubjectPublicKeyInfoDer::from(key.as_ref()),
            dss,
            &self.provider.signature_verification_algorithms,
        )
    }
}

fn tls12_is_off() -> TlsError {
    TlsError::PeerIncompatible(PeerIncompatible::Tls12NotOffered)
}

impl ServerCertVerifier for AnyRawKey {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        Self::check_key(end_entity).map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        Err(tls12_is_off())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        self.check_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}

impl ClientCertVerifier for AnyRawKey {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, TlsError> {
        Self::check_key(end_entity).map(|()| ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        Err(tls12_is_off())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        self.check_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}
