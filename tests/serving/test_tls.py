"""The context that a worker serves with, what is said of unusable files, and new files."""

import os
import ssl
from dataclasses import replace
from pathlib import Path

import pytest

from japy.serving.tls import Certificates, TLSError, make_context
from japy.settings.config import Config
from tests.support.identity import PASSWORD, Identities, Identity, common_name


@pytest.fixture
def identities(tmp_path: Path) -> Identities:
    """Return an authority."""
    return Identities(tmp_path)


def config_of(identity: Identity) -> Config:
    """Return the settings of a server that shows a certificate."""
    return Config(ssl_certfile=identity.certfile, ssl_keyfile=identity.keyfile)


def shake(server: ssl.SSLContext, client: ssl.SSLContext) -> tuple[ssl.SSLObject, ssl.SSLObject]:
    """Return both ends of a connection in memory, after their handshake."""
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = server.wrap_bio(up, down, server_side=True)
    theirs = client.wrap_bio(down, up, server_hostname="127.0.0.1")
    waiting = [theirs, ours]
    for _ in range(10):
        for end in list(waiting):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
            waiting.remove(end)
    assert not waiting
    return ours, theirs


def shown(certificates: Certificates, identities: Identities) -> str:
    """Return whose certificate a client is shown."""
    return common_name(shake(certificates.context, identities.client())[1].getpeercert())


def test_a_context_speaks_no_old_versions_and_http_1_1(identities: Identities) -> None:
    context = make_context(config_of(identities.new("one")))
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert context.options & ssl.OP_NO_RENEGOTIATION
    assert context.options & ssl.OP_NO_COMPRESSION
    assert context.verify_mode is ssl.CERT_NONE
    client = identities.client()
    client.set_alpn_protocols(["h2", "http/1.1"])
    assert shake(context, client)[1].selected_alpn_protocol() == "http/1.1"
    client.set_alpn_protocols(["h2"])
    assert shake(context, client)[1].selected_alpn_protocol() is None


def test_newer_versions_and_ciphers_can_be_asked_for(identities: Identities) -> None:
    config = config_of(identities.new("one"))
    new = make_context(replace(config, ssl_version="1.3"))
    assert shake(new, identities.client())[0].version() == "TLSv1.3"
    old = identities.client()
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(ssl.SSLError):
        shake(new, old)
    name = "ECDHE-ECDSA-AES256-GCM-SHA384"
    only = make_context(replace(config, ssl_ciphers=name))
    found = shake(only, old)[0].cipher()
    assert found is not None
    assert found[0] == name


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_old_versions_are_refused(identities: Identities, version: ssl.TLSVersion) -> None:
    context = make_context(config_of(identities.new("one")))
    client = identities.client()
    client.set_ciphers("DEFAULT:@SECLEVEL=0")
    client.minimum_version = client.maximum_version = version
    with pytest.raises(ssl.SSLError, match=r"(?i)protocol"):
        shake(context, client)


def test_one_file_may_have_both(identities: Identities) -> None:
    one = identities.new("one")
    both = identities.folder / "both.pem"
    both.write_bytes(one.key + one.chain)
    context = make_context(Config(ssl_certfile=both))
    assert common_name(shake(context, identities.client())[1].getpeercert()) == "one"


def test_a_key_may_have_a_password(identities: Identities) -> None:
    one = identities.new("one")
    config = Config(
        ssl_certfile=one.certfile, ssl_keyfile=one.encrypted(), ssl_keyfile_password=PASSWORD
    )
    shake(make_context(config), identities.client())
    assert PASSWORD not in repr(config)


def broken(identities: Identities) -> dict[str, tuple[Config, str]]:
    """Return settings that cannot be used, and what is said of each."""
    one, other = identities.new("one"), identities.new("other")
    config, folder = config_of(one), identities.folder
    junk, cut, missing = folder / "junk", folder / "cut", folder / "missing"
    junk.write_text("nothing")
    cut.write_bytes(one.chain[:200])
    locked = replace(config, ssl_keyfile=one.encrypted())
    return {
        "missing certificate": (
            replace(config, ssl_certfile=missing),
            f"--ssl-certfile: {missing} cannot be read (No such file or directory): check the",
        ),
        "missing key": (
            replace(config, ssl_keyfile=missing),
            f"--ssl-keyfile: {missing} cannot be read (No such file",
        ),
        "folder": (replace(config, ssl_keyfile=folder), "cannot be read (Is a directory)"),
        "no certificate": (
            replace(config, ssl_certfile=junk),
            f"--ssl-certfile: {junk} has no certificate in it: expected one in PEM format",
        ),
        "no key": (replace(config, ssl_keyfile=junk), f"{junk} has no private key in it"),
        "swapped": (
            replace(config, ssl_certfile=one.keyfile, ssl_keyfile=one.certfile),
            f"--ssl-certfile: {one.keyfile} has no certificate in it",
        ),
        "certificate alone": (
            replace(config, ssl_keyfile=None),
            f"{one.certfile} has no private key in it: name the file that has with --ssl-keyfile.",
        ),
        "cut": (replace(config, ssl_certfile=cut), f"{cut} and {one.keyfile} cannot be used ("),
        "other key": (
            replace(config, ssl_keyfile=other.keyfile),
            f"--ssl-keyfile: {other.keyfile} is not the key of the first certificate in",
        ),
        "no password": (locked, "is encrypted: give its password with --ssl-keyfile-password."),
        "wrong password": (
            replace(locked, ssl_keyfile_password="swordfish"),
            "--ssl-keyfile-password: this is not the password of",
        ),
        "long password": (
            replace(locked, ssl_keyfile_password="x" * 2000),
            "--ssl-keyfile-password: this is not the password of",
        ),
        "ciphers": (
            replace(config, ssl_ciphers="ROT13"),
            "--ssl-ciphers: OpenSSL knows none of 'ROT13'.",
        ),
        "missing authorities": (
            replace(config, ssl_ca_certs=missing),
            f"--ssl-ca-certs: {missing} cannot be read (No such file",
        ),
        "no authorities": (
            replace(config, ssl_ca_certs=junk),
            f"--ssl-ca-certs: {junk} has no certificate in it",
        ),
        "cut authorities": (
            replace(config, ssl_ca_certs=cut),
            f"--ssl-ca-certs: {cut} cannot be used (",
        ),
    }


def test_what_cannot_be_used_is_said_in_a_sentence(identities: Identities) -> None:
    for name, (config, text) in broken(identities).items():
        with pytest.raises(TLSError) as caught:
            make_context(config)
        said = str(caught.value)
        assert text in said, name
        assert "swordfish" not in said
        assert "\n" not in said
        assert said.endswith(".")


@pytest.mark.parametrize("requirement", ["none", "optional", "required"])
def test_clients_show_certificates_as_they_are_asked_to(
    identities: Identities, requirement: str
) -> None:
    config = replace(
        config_of(identities.new("one")),
        ssl_ca_certs=identities.ca_certs,
        ssl_cert_reqs=requirement,  # type: ignore[arg-type]  # one of them
    )
    context = make_context(config)
    named = identities.client(identities.new("client"))
    found = shake(context, named)[0].getpeercert()
    assert (common_name(found) if found else "") == ("" if requirement == "none" else "client")
    strange = identities.client(Identities(make(identities.folder / "other")).new("stranger"))
    for client, refused in ((identities.client(), "required"), (strange, "optional required")):
        if requirement in refused:
            with pytest.raises(ssl.SSLError):
                shake(context, client)
        else:
            assert not shake(context, client)[0].getpeercert()


def make(folder: Path) -> Path:
    """Make a folder and return it."""
    folder.mkdir()
    return folder


def test_new_files_are_taken_and_broken_ones_are_not(identities: Identities) -> None:
    one, two = identities.new("one"), identities.new("two")
    certificates = Certificates(config_of(one))
    assert not certificates.renew()
    one.certfile.write_bytes(two.chain)  # and the key is still the old one
    with pytest.raises(TLSError, match="is not the key"):
        certificates.renew()
    assert not certificates.renew(), "what was told once is not told again"
    assert shown(certificates, identities) == "one"
    one.keyfile.write_bytes(two.key)
    assert certificates.renew()
    assert shown(certificates, identities) == "two"
    one.keyfile.unlink()
    with pytest.raises(TLSError, match="cannot be read"):
        certificates.renew()
    assert shown(certificates, identities) == "two"
    assert not certificates.renew()


def test_a_link_that_leads_elsewhere_is_a_new_file(identities: Identities) -> None:
    links = {}
    for name in ("one", "two"):
        made = identities.new(name)
        folder = make(identities.folder / f"volume-{name}")
        made.certfile.rename(folder / "tls.crt")
        made.keyfile.rename(folder / "tls.key")
        links[name] = folder
    current = identities.folder / "current"  # as Kubernetes swaps what it mounts
    current.symlink_to(links["one"])
    config = Config(ssl_certfile=current / "tls.crt", ssl_keyfile=current / "tls.key")
    certificates = Certificates(config)
    assert shown(certificates, identities) == "one"
    following = identities.folder / "following"
    following.symlink_to(links["two"])
    os.replace(following, current)
    assert certificates.renew()
    assert shown(certificates, identities) == "two"
