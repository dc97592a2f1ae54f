"""Only the Doorward whose certificate is right is believed."""

import datetime
import ipaddress
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from doorward.guard import Denied, Guard
from fake_doorward import SERVICE_KEY, FakeDoorward


def certified(folder: Path, address: str) -> ssl.SSLContext:
    """A server's side with a certificate of its own for this address, left in the folder."""
    key = Ed25519PrivateKey.generate()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a Doorward of the tests")])
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, None)
    )
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    (folder / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    return context


@pytest.mark.parametrize(
    ("address", "trusted", "good"), [("127.0.0.1", True, True), ("127.0.0.2", True, False), ("127.0.0.1", False, False)]
)
def test_certificates(tmp_path: Path, address: str, trusted: bool, good: bool) -> None:
    doorward = FakeDoorward(certified(tmp_path, address))
    guard = Guard(doorward.url, SERVICE_KEY, ca_file=str(tmp_path / "certificate.pem") if trusted else None)
    token = doorward.keys[0].token()
    try:
        if good:
            assert guard.verify(token).user_id == 42
        else:
            with pytest.raises(Denied, match="guard_stale"):
                guard.verify(token)
            assert "CERTIFICATE_VERIFY_FAILED" in str(guard.status().last_error)
            assert doorward.requests == {}
    finally:
        guard.close()
        doorward.stop()


def test_certificates_that_are_not_there_are_told_of_at_once() -> None:
    with pytest.raises(OSError, match="No such file"):
        Guard("https://id.example", SERVICE_KEY, ca_file="/nowhere.pem")
