"""The sandbox's certificate authority, so that its clients use TLS as they do with AWS and GitHub."""

import datetime
import ipaddress
import os
import ssl
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

VALID_DAYS = 30
"""Validity of a certificate, in days."""


@dataclass(frozen=True, kw_only=True)
class Certificates:
    """Files of the authority's certificate and of the server's certificate and key, all PEM."""

    ca: Path
    server: Path
    key: Path


def create(folder: Path) -> Certificates:
    """Write `ca.pem`, `server.pem` and `server.key` for localhost into `folder`, unless valid ones are there.

    The authority's own key is never written: nothing else can be signed with it afterwards.
    """
    files = Certificates(ca=folder / "ca.pem", server=folder / "server.pem", key=folder / "server.key")
    if _still_valid(files):
        return files
    folder.mkdir(parents=True, exist_ok=True)
    authority_key = ec.generate_private_key(ec.SECP256R1())
    authority_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "MLOps platform sandbox")])
    authority = (
        _builder(authority_name, authority_name, authority_key.public_key(), authority_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    server_key = ec.generate_private_key(ec.SECP256R1())
    server_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    names: list[x509.GeneralName] = [
        x509.DNSName("localhost"),
        # Buckets are addressed as bucket.localhost where a client insists on virtual hosts.
        x509.DNSName("*.localhost"),
        x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
        x509.IPAddress(ipaddress.ip_address("::1")),
    ]
    server = (
        _builder(server_name, authority_name, server_key.public_key(), authority_key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    _write_key(files.key, server_key)
    files.server.write_bytes(server.public_bytes(serialization.Encoding.PEM))
    files.ca.write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    return files


def bundle(authority: Path, into: Path) -> Path:
    """Write to `into` the certificates that this machine trusts, followed by the sandbox's authority.

    A program that is given one file of trusted certificates still reaches package indexes with it.
    """
    trusted = [source.read_text() for source in _system_bundle()]
    into.parent.mkdir(parents=True, exist_ok=True)
    into.write_text("\n".join([*trusted, authority.read_text()]))
    return into


def _system_bundle() -> list[Path]:
    defaults = ssl.get_default_verify_paths()
    candidates = [os.environ.get("SSL_CERT_FILE"), defaults.cafile, defaults.openssl_cafile]
    return [Path(candidate) for candidate in candidates if candidate and Path(candidate).is_file()][:1]


def _still_valid(files: Certificates) -> bool:
    if not all(file.is_file() for file in (files.ca, files.server, files.key)):
        return False
    soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1)
    return x509.load_pem_x509_certificate(files.server.read_bytes()).not_valid_after_utc > soon


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    path.touch(mode=0o600)
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    path.write_bytes(key.private_bytes(encoding, form, serialization.NoEncryption()))


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    issuer_key: ec.EllipticCurvePublicKey,
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(days=VALID_DAYS))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
