"""Ensemble: what one process serves, and whose is which bind.

Knows Applications, services, and the names of binds. Opens nothing and starts nothing.

How binds are shared: a bind with a name goes to the member of that name. One without goes to the
only member that has no bind of its own yet; if no bind has a name and there are as many members as
binds, they are shared out in order. A member that is alone and has no name takes what there is.

Invariant: who is shared out to has at least one bind, and every bind is somebody's.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from japy.application.app import Application
from japy.serving.service import WAYS, called, to_service, way_of
from japy.settings.bind import NAME, Bind

HTTP = "http"  # what an Application in a list is called


class EnsembleError(ValueError):
    """Members or binds that do not fit; the text is a sentence for a person."""


@dataclass(frozen=True)
class Member:
    """An Application or a service.

    Args:
        served: which.
        names: of the binds that are meant for it; empty if it has none.
        kind: what to call it if it has no name.
    """

    served: object
    names: tuple[str, ...]
    kind: str

    @property
    def title(self) -> str:
        """Return what to call it in a message."""
        return f"service '{self.names[0]}'" if self.names else self.kind


Ensemble = tuple[Member, ...]


def alone(app: Application) -> Ensemble:
    """Return an application that nobody else is served with."""
    return (Member(app, (), "application"),)


def ensemble_of(value: object) -> Ensemble | None:
    """Return who is to be served, given what a target names; None if that is nothing of the kind.

    Raises:
        EnsembleError: it is a collection, and something in it cannot be served.
    """
    if isinstance(value, Application):
        return alone(value)
    if isinstance(value, Mapping):
        return distinct(member_of(key, each, (str(key),)) for key, each in value.items())
    if isinstance(value, (list, tuple)):
        return distinct(member_of(i, each) for i, each in enumerate(value, 1))
    service = to_service(value)
    return None if service is None else (member_of(1, service),)


def member_of(key: object, value: object, names: tuple[str, ...] = ()) -> Member:
    """Return a member.

    Args:
        key: where it stands in its collection.
        value: what it is, or stands for.
        names: that the collection gives to it.

    Raises:
        EnsembleError: it cannot be served, or has a name that no bind can have.
    """
    if isinstance(value, Application):
        return checked(Member(value, names or (HTTP,), "application"))
    service = to_service(value)
    if service is None:
        kind = f"{type(value).__module__}.{type(value).__qualname__}".removeprefix("builtins.")
        raise EnsembleError(
            f"What is to be served as {key!r} is no service, but of type {kind}: give an "
            "Application, a japy.Service, a stream handler or the class of a protocol."
        )
    if not way_of(service):
        raise EnsembleError(
            f"The service {called(service)} gives nothing to serve with: add one of "
            f"{', '.join(WAYS)} (see japy.Service)."
        )
    own: str | Sequence[str] = getattr(service, "bind", ())
    own = (own,) if isinstance(own, str) else tuple(own)
    extra = tuple(name for name in own if name not in names)
    return checked(Member(service, (*names, *extra), f"service {called(service)}"))


def checked(member: Member) -> Member:
    """Return a member whose names are such that binds can have them.

    Raises:
        EnsembleError: they are not.
    """
    for name in member.names:
        if not NAME.fullmatch(f"{name}="):
            raise EnsembleError(
                f"A service cannot be called {name!r}, as no bind can: a name begins with a letter "
                "and goes on with letters, digits, '_', '.' and '-'."
            )
    return member


def distinct(members: Iterator[Member]) -> Ensemble:
    """Return members of which no two want the same bind.

    Raises:
        EnsembleError: two do, or there is none at all.
    """
    found = tuple(members)
    if not found:
        raise EnsembleError("The collection of services is empty: there is nothing to be served.")
    names = [name for member in found for name in member.names]
    for name in names:
        if names.count(name) > 1:
            raise EnsembleError(
                f"Two services want the bind '{name}': give them different names, such as "
                'services = {"http": app, "admin": other}.'
            )
    return found


def applications_of(ensemble: Ensemble) -> list[Application]:
    """Return the Applications among the members."""
    return [one.served for one in ensemble if isinstance(one.served, Application)]


def share(ensemble: Ensemble, binds: Sequence[Bind]) -> list[list[Bind]]:
    """Return the binds of each member.

    Raises:
        EnsembleError: somebody would have none, or a bind nobody.
    """
    if len(ensemble) == 1 and not ensemble[0].names:
        return [list(binds)]
    shares = [[bind for bind in binds if bind.name in member.names] for member in ensemble]
    known = {name for member in ensemble for name in member.names}
    for bind in binds:
        if bind.name and bind.name not in known:
            raise EnsembleError(unwanted(ensemble, bind))
    open_binds = [bind for bind in binds if not bind.name]
    empty = [i for i, share in enumerate(shares) if not share]
    if open_binds and len(empty) == 1:
        shares[empty[0]] = open_binds
    elif open_binds and len(ensemble) == len(binds) == len(open_binds):
        return [[bind] for bind in binds]
    elif open_binds and len(ensemble) == 1:
        shares[0] = list(binds)
    elif open_binds:
        raise EnsembleError(unclear(ensemble, open_binds[0], bool(empty)))
    elif empty:
        raise EnsembleError(unserved(ensemble[empty[0]]))
    return shares


def unwanted(ensemble: Ensemble, bind: Bind) -> str:
    """Return the message about a bind that is nobody's."""
    names = [name for member in ensemble for name in member.names]
    if not names:
        return f"No service has a name, so none takes --bind {bind}: leave '{bind.name}=' away."
    return f"No service takes --bind {bind}: expected the name {' or '.join(names)}."


def unclear(ensemble: Ensemble, bind: Bind, is_missed: bool) -> str:
    """Return the message about a bind without a name that could be several members'."""
    titles = [member.names[0] if member.names else member.kind for member in ensemble]
    place = "HOST:PORT"
    if not is_missed:
        return f"No service takes --bind {bind}: each has its own; write NAME={bind}."
    if any(not member.names for member in ensemble):
        return (
            f"{bind} is for one of {len(ensemble)} services, and nothing says which: give them "
            'names, as in services = {"http": app, "lines": handle}, and their binds, too.'
        )
    rest = " ".join(f"--bind {title}={place}" for title in titles[1:])
    return (
        f"{bind} is for one of the services {', '.join(titles)}, and nothing says which: write "
        f"--bind {titles[0]}={bind} {rest}."
    )


def unserved(member: Member) -> str:
    """Return the message about a member without a bind."""
    if member.names:
        name = member.names[0]
        return f"The service '{name}' has no bind: add --bind {name}=HOST:PORT."
    return f"The {member.kind} has no bind: add --bind HOST:PORT."
