"""Hosts of a network of their own: namespaces of this machine, joined by cables to the balancer's.

Knows iproute2. Refuses to know what runs on the hosts. Needs root, and leaves nothing behind; the
network of the machine is not touched. Files, and so Unix sockets, are common to all of them.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

BALANCER = "192.0.2.10"


def run(*words: str) -> bool:
    """Run a command; tell whether it has worked."""
    return subprocess.run(words, capture_output=True, timeout=20).returncode == 0


def name_of(host: str) -> str:
    """Return the namespace of a host."""
    return f"japy-{os.getpid()}-{host.rpartition('.')[2]}"


def within(host: str) -> list[str]:
    """Return the words in front of a command that is to run on a host."""
    return ["ip", "netns", "exec", name_of(host)]


def lay(host: str) -> bool:
    """Make a host, and a cable between it and the balancer; tell whether that has worked."""
    here, there, cable = name_of(BALANCER), name_of(host), f"to{host.rpartition('.')[2]}"
    at_host, at_balancer = ["ip", "-n", there], ["ip", "-n", here]
    pair = ["type", "veth", "peer", "name", "up0", "netns", there]
    return all(
        run(*words)
        for words in (
            ["ip", "netns", "add", there],
            [*at_balancer, "link", "add", cable, *pair],
            [*at_balancer, "addr", "add", BALANCER, "peer", host, "dev", cable],
            [*at_balancer, "link", "set", cable, "up"],
            [*at_host, "addr", "add", host, "peer", BALANCER, "dev", "up0"],
            [*at_host, "link", "set", "up0", "up"],
            [*at_host, "link", "set", "lo", "up"],
        )
    )


@contextmanager
def network(hosts: Sequence[str]) -> Iterator[bool]:
    """Make hosts and the balancer's; tell whether this system lets us."""
    may = os.geteuid() == 0 and shutil.which("ip") is not None
    try:
        yield may and run("ip", "netns", "add", name_of(BALANCER)) and all(map(lay, hosts))
    finally:
        for host in (*hosts, BALANCER) if may else ():
            run("ip", "netns", "del", name_of(host))
