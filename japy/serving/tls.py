"""TLS: the context that a worker serves with, made of files, and made anew when these change.

Knows certificates, keys and authorities as files, and how OpenSSL says what is wrong with them.
Refuses to know listeners and connections: loops speak TLS, given the context.

Invariants:
- Nothing older than TLS 1.2 is spoken, nothing is renegotiated or compressed.
- A context that serves never has a certificate without its key: a new pair is tried out elsewhere.
- Nobody is asked for a password at a terminal.
"""

import contextlib
import ssl
from pathlib import Path

from japy.settings.config import Config

VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
VERIFY = {
    "none": ssl.CERT_NONE,
    "optional": ssl.CERT_OPTIONAL,
    "required": ssl.CERT_REQUIRED,
}
PROTOCOL = "http/1.1"  # RFC 7301: what clients that ask are told is spoken here
CERTIFICATE, KEY = b"-----BEGIN CERTIFICATE-----", b"PRIVATE KEY-----"
MAX_FILE = 1 << 20  # bytes in which a file must show what it is


class TLSError(Exception):
    """Why TLS cannot be spoken: a sentence for a person, and what to do."""


class Password:
    """What OpenSSL asks when a key is encrypted."""

    def __init__(self, text: str | None) -> None:
        self._text = text
        self.is_asked = False  # set once a key turns out to be encrypted

    def __call__(self) -> str:
        self.is_asked = True
        return self._text or ""


Stamp = tuple[tuple[int, ...], ...]  # changes when one of the files does


class Certificates:
    """The context of a worker, and the files that its certificate and key are from.

    Raises:
        TLSError: they cannot be used.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        self._seen = self._stamp()
        self.context = make_context(config)

    def renew(self) -> bool:
        """Take a new pair from the files if they have changed; return whether there is one.

        Connections keep what they have begun with. What cannot be used is told once.

        Raises:
            TLSError: the files have changed, but cannot be used: the old pair stays.
        """
        stamp = self._stamp()
        if stamp == self._seen:
            return False
        self._seen = stamp
        load_pair(new_context(), self._config)  # a context keeps a certificate whose key is wrong
        if self._stamp() != stamp:  # in the middle of being replaced: see again at the next look
            self._seen = ()
            return False
        load_pair(self.context, self._config)
        return True

    def _stamp(self) -> Stamp:
        found = []
        for path in filter(None, (self._config.ssl_certfile, self._config.ssl_keyfile)):
            with contextlib.suppress(OSError):  # in the middle of being replaced
                status = path.stat()  # of what a symbolic link leads to
                found.append((status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns))
        return tuple(found)


def make_context(config: Config) -> ssl.SSLContext:
    """Return what connections are served with.

    Raises:
        TLSError: a file or a choice cannot be used.
    """
    context = new_context()
    context.minimum_version = VERSIONS[config.ssl_version]
    load_pair(context, config)
    if config.ssl_ca_certs is not None:
        load_authorities(context, config.ssl_ca_certs)
    context.verify_mode = VERIFY[config.ssl_cert_reqs]
    if config.ssl_ciphers is not None:
        try:
            context.set_ciphers(config.ssl_ciphers)
        except ssl.SSLError:
            raise TLSError(
                f"--ssl-ciphers: OpenSSL knows none of {config.ssl_ciphers[:64]!r}. "
                "`openssl ciphers` prints names."
            ) from None
    return context


def new_context() -> ssl.SSLContext:
    """Return a context without a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    context.set_alpn_protocols([PROTOCOL])
    return context


def load_pair(context: ssl.SSLContext, config: Config) -> None:
    """Have a context use the certificate and the key.

    Raises:
        TLSError: they are not what they should be.
    """
    certificate, key = config.ssl_certfile, config.ssl_keyfile
    assert certificate is not None
    check_file(certificate, "--ssl-certfile", CERTIFICATE, "certificate")
    if key is None and KEY not in read_start(certificate):
        raise TLSError(
            f"--ssl-certfile: {certificate} has no private key in it: "
            "name the file that has with --ssl-keyfile."
        )
    if key is not None:
        check_file(key, "--ssl-keyfile", KEY, "private key")
    password = Password(config.ssl_keyfile_password)
    try:
        context.load_cert_chain(certificate, key, password)
    except (ssl.SSLError, ValueError) as error:  # the latter: the password is too long
        raise TLSError(explain(error, config, password)) from None
    except OSError as error:
        raise TLSError(f"--ssl-certfile: {certificate}: {error.strerror}.") from None


def check_file(path: Path, option: str, mark: bytes, what: str) -> None:
    """Raise TLSError unless a file can be read and has something of a kind in it."""
    try:
        start = read_start(path)
    except OSError as error:
        raise TLSError(
            f"{option}: {path} cannot be read ({error.strerror}): "
            "check the path, and who may read it."
        ) from None
    if mark not in start:
        raise TLSError(
            f"{option}: {path} has no {what} in it: expected one in PEM format, "
            f"a text with -----BEGIN in it."
        )


def read_start(path: Path) -> bytes:
    """Return the beginning of a file."""
    with path.open("rb") as file:
        return file.read(MAX_FILE)


def explain(error: Exception, config: Config, password: Password) -> str:
    """Return why a certificate and a key cannot be used, in a sentence."""
    certificate, key = config.ssl_certfile, config.ssl_keyfile or config.ssl_certfile
    if getattr(error, "reason", None) == "KEY_VALUES_MISMATCH":
        return (
            f"--ssl-keyfile: {key} is not the key of the first certificate in {certificate}: "
            "name the key that it was made for; the server's own certificate comes first."
        )
    if password.is_asked and not config.ssl_keyfile_password:
        return f"--ssl-keyfile: {key} is encrypted: give its password with --ssl-keyfile-password."
    if password.is_asked:
        return f"--ssl-keyfile-password: this is not the password of {key}."
    return (
        f"--ssl-certfile: {certificate} and {key} cannot be used ({error}): "
        "`openssl x509 -in FILE` and `openssl pkey -in FILE` tell which of them is broken."
    )


def load_authorities(context: ssl.SSLContext, path: Path) -> None:
    """Have a context ask clients for certificates of these authorities.

    Raises:
        TLSError: the file has none.
    """
    check_file(path, "--ssl-ca-certs", CERTIFICATE, "certificate")
    try:
        context.load_verify_locations(path)
    except (ssl.SSLError, OSError) as error:
        raise TLSError(f"--ssl-ca-certs: {path} cannot be used ({error}).") from None
