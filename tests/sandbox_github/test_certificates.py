"""The sandbox's certificate authority."""

import ssl
from pathlib import Path

import pytest
from cryptography import x509

from sandbox import certificates


def test_a_certificate_is_created_once_and_only_its_owner_can_read_the_key(tmp_path: Path) -> None:
    files = certificates.create(tmp_path)
    before = files.server.read_bytes()
    assert certificates.create(tmp_path) == files
    assert files.server.read_bytes() == before
    assert files.key.stat().st_mode & 0o077 == 0
    names = x509.load_pem_x509_certificate(before).extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert "localhost" in names.value.get_values_for_type(x509.DNSName)


def test_strict_clients_accept_the_certificate_and_it_expires_within_a_month(tmp_path: Path) -> None:
    files = certificates.create(tmp_path)
    authority = x509.load_pem_x509_certificate(files.ca.read_bytes())
    server = x509.load_pem_x509_certificate(files.server.read_bytes())
    server.verify_directly_issued_by(authority)
    assert (server.not_valid_after_utc - server.not_valid_before_utc).days <= 31
    # Python 3.13 and later verify like this by default: key identifiers and usages must be there.
    for certificate in (authority, server):
        certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
        assert certificate.extensions.get_extension_for_class(x509.KeyUsage).critical
    with pytest.raises(ValueError, match="does not match"):
        authority.verify_directly_issued_by(server)


def test_the_bundle_has_the_machines_certificates_and_the_sandboxs(tmp_path: Path) -> None:
    files = certificates.create(tmp_path)
    bundle = certificates.bundle(files.ca, tmp_path / "trust" / "bundle.pem")
    context = ssl.create_default_context(cafile=str(bundle))
    mine = ssl.PEM_cert_to_DER_cert(files.ca.read_text())
    trusted = context.get_ca_certs(binary_form=True)
    assert mine in trusted
    assert len(trusted) > 1
