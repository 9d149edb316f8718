"""mitmproxy's certificate authority, as a browser is to be told of it."""

import base64
import hashlib
import os
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


class Authority(NamedTuple):
    """A certificate, and what browsers know it by."""

    certificate: bytes
    """In DER."""
    issuer: bytes
    """A name, in DER; so, too, the subject."""
    subject: bytes
    serial: bytes
    """A number, in DER."""
    key: str
    """SHA-256 of the SubjectPublicKeyInfo, in base64. mitmproxy's certificates for servers have the same key."""


def read(confdir: str) -> Authority:
    """That of a folder of mitmproxy's; raises OSError and ValueError.

    https://docs.mitmproxy.org/stable/concepts/certificates/#using-a-custom-certificate-authority says where it is.
    """
    text = (Path(os.path.expanduser(confdir)) / "mitmproxy-ca.pem").read_bytes()
    [found, *_] = x509.load_pem_x509_certificates(text)
    public = found.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    number = found.serial_number.to_bytes(found.serial_number.bit_length() // 8 + 1, "big")
    return Authority(
        found.public_bytes(Encoding.DER),
        found.issuer.public_bytes(),
        found.subject.public_bytes(),
        bytes((2, len(number))) + number,
        base64.b64encode(hashlib.sha256(public).digest()).decode(),
    )
