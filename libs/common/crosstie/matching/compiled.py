"""Loops that numba compiles when they are first called, and not before: numba takes a while to load.

What is compiled is kept on disk where there is a place to; where there is none it is compiled anew.
A kernel may call another by its name in the module. numba asks only whether the file of the kernel
itself has changed, so the name under which it is kept tells the files of those it calls.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from threading import RLock
from types import FunctionType
from typing import Any, cast

_loading = RLock()  # rounds and previews may be first at the same time; a kernel loads its callees


class Compiled:
    """`function`, which must use nothing but its arguments, numpy, numbers of its file and kernels."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.__doc__ = function.__doc__
        self.function = cast(FunctionType, function)
        self._fast: Callable[..., Any] | None = None

    def __call__(self, *arguments: Any) -> Any:
        """What `function` returns; the machine's lock of Python is let go of meanwhile."""
        return (self._fast or self.fast())(*arguments)

    def fast(self) -> Callable[..., Any]:
        """The compiled function, which another kernel may call."""
        from numba import njit  # noqa: PLC0415  see above

        with _loading:
            if self._fast is None:
                linked = _linked(self.function)
                try:
                    self._fast = njit(_named(linked, self.function), cache=True, nogil=True)
                except (OSError, RuntimeError):  # no writable place beside the source, nor at home
                    self._fast = njit(linked, nogil=True)
        return self._fast


def _linked(function: FunctionType) -> FunctionType:
    """A function like it, whose callees are compiled."""
    compiled = {name: callee.fast() for name, callee in _callees(function)}
    names, closure = function.__globals__ | compiled, function.__closure__
    return FunctionType(function.__code__, names, function.__name__, closure=closure)


def _named(linked: FunctionType, function: FunctionType) -> FunctionType:
    """`linked` under a name that changes with the files of the kernels that `function` calls."""
    files = sorted(_files(function))
    if files:
        told = sha256(b"".join(sha256(Path(file).read_bytes()).digest() for file in files))
        linked.__qualname__ = f"{function.__qualname__}-{told.hexdigest()[:16]}"
    return linked


def _callees(function: FunctionType) -> Iterator[tuple[str, Compiled]]:
    for name in function.__code__.co_names:
        if isinstance(found := function.__globals__.get(name), Compiled):
            yield name, found


def _files(function: FunctionType) -> frozenset[str]:
    """The files of the kernels that it calls, and that these call."""
    callees = [callee.function for _, callee in _callees(function)]
    return frozenset(each.__code__.co_filename for each in callees).union(*map(_files, callees))
