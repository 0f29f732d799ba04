# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""A certificate authority of a test's own, and a server's certificate by it."""

from __future__ import annotations

import datetime as dt
import ipaddress
import pathlib
import typing as t

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


class Authority(t.NamedTuple):
    """Files in PEM form: what clients trust, and what a server shows and keeps."""

    trusted: pathlib.Path
    certificate: pathlib.Path
    key: pathlib.Path


def make_authority(folder: pathlib.Path, names: t.Sequence[str] = (), address: str = "127.0.0.1") -> Authority:
    """An authority, and a certificate for these names and this address, for a day."""
    root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _n in range(2))
    root_name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "fleet-test authority")])
    alternatives = [*map(x509.DNSName, names), x509.IPAddress(ipaddress.ip_address(address))]
    usage = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement"), False
    ) | dict.fromkeys(("encipher_only", "decipher_only"), False)
    root = (
        _start(root_name, root_name, root_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(digital_signature=True, key_cert_sign=True, crl_sign=True, **usage), critical=True)
        .sign(root_key, hashes.SHA256())
    )
    certificate = (
        _start(x509.Name([]), root_name, key)
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=True)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()),
            critical=False,
        )
        .sign(root_key, hashes.SHA256())
    )
    made = Authority(folder / "authority.pem", folder / "certificate.pem", folder / "key.pem")
    made.trusted.write_bytes(root.public_bytes(serialization.Encoding.PEM))
    made.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    made.key.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return made


def _start(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder(subject_name=subject, issuer_name=issuer, public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
