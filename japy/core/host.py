"""Whom a request is addressed to: the authority of its target, or its Host field.

Knows how host and port stand in an authority that `head.py` has accepted. Refuses to know what a
name stands for: nothing is looked up, and no IDNA decoded.
"""


def authority_of(target: str) -> str | None:
    """Return the authority of a target in absolute-form (RFC 9112 §3.2.2), None of another."""
    _, mark, rest = target.partition("://")
    if not mark or target.startswith("/"):
        return None
    return rest.partition("/")[0].partition("?")[0]


def split_authority(authority: str) -> tuple[str, int | None]:
    """Return host and port; the brackets of an IPv6 address are no part of it."""
    if authority.startswith("["):
        host, _, rest = authority[1:].partition("]")
        port = rest[1:]
    else:
        host, _, port = authority.partition(":")
    return host, int(port) if port else None
