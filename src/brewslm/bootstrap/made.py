"""An attribute that is made when it is first asked for."""

import threading
from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

ServiceT = TypeVar("ServiceT")


class Making(Protocol):
    """What has such attributes: a lock of its own that one thread may take twice."""

    making: threading.RLock


class made(Generic[ServiceT]):  # noqa: N801 - it is written like `property`
    """An attribute that is made once, also where several threads ask for it at the same moment."""

    def __init__(self, make: Callable[[Any], ServiceT]) -> None:
        """Bind it to what makes it."""
        self._make = make
        self.__doc__ = make.__doc__

    def __get__(self, owner: Making, kind: type[Making]) -> ServiceT:
        """Make it; from then on it is an attribute like any other."""
        name = self._make.__name__
        with owner.making:
            if name not in owner.__dict__:
                owner.__dict__[name] = self._make(owner)
            service: ServiceT = owner.__dict__[name]
        return service
