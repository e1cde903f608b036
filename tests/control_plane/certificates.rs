//! The certificates of one cluster: an authority of its own, and what it signs for servers and clients.
//!
//! All of it is made at start and thrown away at the end; nothing is trusted outside of the cluster.

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose,
};

/// A certificate and its key, both as PEM.
pub(crate) struct Identity {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

/// The cluster's certificate authority.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: String,
}

impl Authority {
    pub(crate) fn generate() -> Self {
        let key = KeyPair::generate().expect("a key pair");
        let mut params = CertificateParams::default();
        params.distinguished_name = subject("kube-deploy control plane", None);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![
            KeyUsagePurpose::KeyCertSign,
            KeyUsagePurpose::DigitalSignature,
        ];
        let certificate = params
            .self_signed(&key)
            .expect("a certificate authority")
            .pem();
        Self {
            issuer: Issuer::new(params, key),
            certificate,
        }
    }

    /// Returns the authority's own certificate, which clients and servers trust.
    pub(crate) fn certificate(&self) -> &str {
        &self.certificate
    }

    /// Signs for a server that is reached by any of `names` (host names or addresses).
    pub(crate) fn server(&self, names: &[&str]) -> Identity {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let mut params = CertificateParams::new(names).expect("valid server names");
        params.distinguished_name = subject("server", None);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.sign(params)
    }

    /// Signs for a client whom the API server then knows as `user` of `group`.
    pub(crate) fn client(&self, user: &str, group: Option<&str>) -> Identity {
        let mut params = CertificateParams::default();
        params.distinguished_name = subject(user, group);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.sign(params)
    }

    fn sign(&self, mut params: CertificateParams) -> Identity {
        let key = KeyPair::generate().expect("a key pair");
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        let certificate = params
            .signed_by(&key, &self.issuer)
            .expect("a signed certificate");
        Identity {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        }
    }
}

/// Returns a private and a public key for service account tokens.
pub(crate) fn token_keys() -> (String, String) {
    let key = KeyPair::generate().expect("a key pair");
    (key.serialize_pem(), key.public_key_pem())
}

fn subject(name: &str, group: Option<&str>) -> DistinguishedName {
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, name);
    if let Some(group) = group {
        subject.push(DnType::OrganizationName, group);
    }
    subject
}
