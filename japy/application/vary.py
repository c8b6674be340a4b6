"""The Vary field: which fields of a request an answer depends on (RFC 9110 §12.5.5)."""

from japy.core.response import Response


def vary_on(response: Response, *names: str) -> None:
    """Add field names to the Vary field of an answer, each once."""
    present = ", ".join(response.headers.getlist("Vary"))
    listed = [name for name in map(str.strip, present.split(",")) if name]
    if "*" in listed:  # depends on everything already
        return
    known = {name.lower() for name in listed}
    for name in names:
        if name.lower() not in known:
            known.add(name.lower())
            listed.append(name)
            response.headers["Vary"] = ", ".join(listed)
