"""Loops that numba compiles when they are first called, and not before: numba takes a while to load.

What is compiled is kept on disk where there is a place to; where there is none it is compiled anew.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Any

_loading = Lock()  # rounds and previews may be first at the same time


class Compiled:
    """`function`, which must use nothing but its arguments and numpy."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.__doc__ = function.__doc__
        self._function = function
        self._fast: Callable[..., Any] | None = None

    def __call__(self, *arguments: Any) -> Any:
        """What `function` returns; the machine's lock of Python is let go of meanwhile."""
        fast = self._fast
        return (fast or self._loaded())(*arguments)

    def _loaded(self) -> Callable[..., Any]:
        from numba import njit  # noqa: PLC0415  see above

        with _loading:
            if self._fast is None:
                try:
                    self._fast = njit(self._function, cache=True, nogil=True)
                except RuntimeError:  # no writable place beside the source, nor at home
                    self._fast = njit(self._function, nogil=True)
        return self._fast
