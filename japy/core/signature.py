"""Signature: what a function says that it takes, whatever names in its annotations mean.

Knows the standard library's `inspect` and where its versions differ.
"""

import inspect
import sys
from collections.abc import Callable


def signature_of(
    function: Callable[..., object], follow_wrapped: bool = False
) -> inspect.Signature | None:
    """Return the signature of a function; None if it does not say, as some that are written in C.

    Args:
        function: whose.
        follow_wrapped: return that of what the function wraps, if it does.
    """
    try:
        if sys.version_info >= (3, 14):  # annotations are evaluated when they are asked for
            from annotationlib import Format

            return inspect.signature(
                function, follow_wrapped=follow_wrapped, annotation_format=Format.FORWARDREF
            )
        return inspect.signature(function, follow_wrapped=follow_wrapped)
    except ValueError:
        return None
