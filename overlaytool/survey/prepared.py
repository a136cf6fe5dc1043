"""A function for another process: pkgcore is prepared there before the function's module is loaded."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from functools import cached_property

from overlaytool.ebuild import runtime


class Prepared[**P, R]:
    """A function that travels as bytes, which nobody on the way looks into: not Dask's scheduler either."""

    def __init__(self, function: Callable[P, R]) -> None:
        """:param function: one that pickle can name, or a partial of one."""
        self._bytes = pickle.dumps(function)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call it here."""
        return self._function(*args, **kwargs)

    @cached_property
    def _function(self) -> Callable[P, R]:
        runtime.start()
        function: Callable[P, R] = pickle.loads(self._bytes)
        return function

    def __getstate__(self) -> dict[str, bytes]:
        """The bytes alone."""
        return {"_bytes": self._bytes}
