"""Certificates for tests: an authority of our own, and files that servers and clients read."""

import ssl
from pathlib import Path

import trustme
from cryptography.hazmat.primitives import serialization

HOST = "127.0.0.1"
PASSWORD = "open sesame"


class Identity:
    """A certificate and its key, as files.

    Args:
        authority: who signs it.
        folder: where the files are made.
        name: of the files, and in the certificate.
    """

    def __init__(self, authority: trustme.CA, folder: Path, name: str) -> None:
        self.name = name
        self.certfile = folder / f"{name}.pem"
        self.keyfile = folder / f"{name}.key"
        made = authority.issue_cert(HOST, "localhost", common_name=name)
        self.key = made.private_key_pem.bytes()
        self.chain = b"".join(blob.bytes() for blob in made.cert_chain_pems)
        self.certfile.write_bytes(self.chain)
        self.keyfile.write_bytes(self.key)

    @property
    def options(self) -> list[str]:
        """Return the options of a server that shows it."""
        return ["--ssl-certfile", str(self.certfile), "--ssl-keyfile", str(self.keyfile)]

    def encrypted(self) -> Path:
        """Return a file with the key that needs a password."""
        key = serialization.load_pem_private_key(self.key, None)
        path = self.keyfile.with_suffix(".encrypted")
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.BestAvailableEncryption(PASSWORD.encode()),
            )
        )
        return path


class Identities:
    """An authority, what it has signed, and what its clients trust."""

    def __init__(self, folder: Path) -> None:
        self.authority = trustme.CA()
        self.folder = folder
        self.ca_certs = folder / "authority.pem"
        self.authority.cert_pem.write_to_path(str(self.ca_certs))

    def new(self, name: str) -> Identity:
        """Return another certificate."""
        return Identity(self.authority, self.folder, name)

    def client(self, identity: Identity | None = None) -> ssl.SSLContext:
        """Return the context of a client, with a certificate or without one."""
        context = ssl.create_default_context(cafile=self.ca_certs)
        if identity is not None:
            context.load_cert_chain(identity.certfile, identity.keyfile)
        return context


def common_name(certificate: object) -> str:
    """Return whom a certificate, as `getpeercert` has it, is about."""
    assert isinstance(certificate, dict)
    return next(str(value) for ((name, value),) in certificate["subject"] if name == "commonName")
