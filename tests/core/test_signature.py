"""Signature: whose it is, and who has none."""

import inspect
from functools import update_wrapper

from japy.core.signature import signature_of


def of_one(value: "NoSuchType") -> None:  # type: ignore[name-defined]  # noqa: F821
    """Take one."""


def names(signature: inspect.Signature | None) -> list[str]:
    """Return the names of parameters."""
    assert signature is not None
    return list(signature.parameters)


def test_the_signature_is_the_function_s_own() -> None:
    wrapper = update_wrapper(lambda: None, of_one)
    assert names(signature_of(of_one)) == ["value"]
    assert names(signature_of(wrapper)) == []
    assert names(signature_of(wrapper, follow_wrapped=True)) == ["value"]


def test_some_do_not_say() -> None:
    assert signature_of(dict) is None
