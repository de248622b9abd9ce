"""Models whose every free text is a given one, for tests that want each field of each kind."""

import dataclasses
import types
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from enum import Enum
from typing import Annotated, Any, Literal, NewType, TypeVar, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, TypeAdapter, ValidationError

from brewslm.core.artifacts.base import FileRef, Refers

Filled = TypeVar("Filled")
MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
NUM_IN_A_LIST = 2
NUMBERS: Mapping[type, Any] = {bool: True, int: 7, float: 0.5, datetime: MOMENT, bytes: b""}


class Filler:
    """Makes values of any type of the core."""

    def __init__(self, texts: Iterator[str], known: Mapping[str, str], fixed: Mapping[type, Any]) -> None:
        """Bind it.

        Args:
            texts: what the free texts are, one after the other.
            known: kind of an artifact to the id that references get.
            fixed: values of types whose fields have to fit each other.
        """
        self._texts, self._known, self._fixed = texts, known, fixed

    def model(self, kind: type[Filled], /, **given: Any) -> Filled:
        """Return a model or data class: what is given, and all else filled.

        Raises:
            ValidationError: it does not take the values, whatever the texts.
        """
        fields = get_type_hints(kind, include_extras=True)
        names = kind.model_fields if issubclass(kind, BaseModel) else [one.name for one in dataclasses.fields(kind)]  # type: ignore[arg-type] # a data class
        values = {name: self._field(kind, name, fields[name]) for name in names if name not in given}
        return kind(**values, **given)

    def _field(self, kind: type, name: str, hint: Any) -> Any:
        """Fill a field, the same text again and again cut where the field wants it short; else take its default."""
        field = kind.model_fields[name] if issubclass(kind, BaseModel) else None
        value = self._value(hint, [] if field is None else field.metadata)
        if field is None:
            return value
        checked = TypeAdapter(Annotated[(field.annotation, *field.metadata)]) if field.metadata else None  # type: ignore[var-annotated]
        for tried in (value, value[:30] if isinstance(value, str) else 1):
            try:
                return tried if checked is None else checked.validate_python(tried)
            except ValidationError:
                continue
        return field.get_default(call_default_factory=True)

    def _value(self, hint: Any, marks: Iterable[Any] = ()) -> Any:
        for mark in marks:
            if isinstance(mark, Refers):
                return self._known.get(mark.kind, f"{mark.kind}-{'0' * 16}")
        origin, parts = get_origin(hint), get_args(hint)
        if isinstance(hint, NewType):
            return self._value(hint.__supertype__)
        if origin in (Annotated, Union, types.UnionType):
            inner = next(part for part in parts if part is not type(None))
            return self._value(inner, parts[1:] if origin is Annotated else ())
        if isinstance(hint, type) and origin is None:
            return self._plain(hint)
        return parts[0] if origin is Literal else self._many(origin, parts)

    def _plain(self, hint: type) -> Any:
        if hint in self._fixed:
            return self._fixed[hint]
        if hint is str:
            return next(self._texts)
        if issubclass(hint, Enum):
            return next(iter(hint))
        if issubclass(hint, BaseModel) or dataclasses.is_dataclass(hint):
            return self.model(hint)
        return NUMBERS.get(hint, {} if hint is dict else next(self._texts))

    def _many(self, origin: Any, parts: tuple[Any, ...]) -> Any:
        if isinstance(origin, type) and issubclass(origin, Mapping):
            return {self._value(parts[0]): self._value(parts[1]) for _ in range(NUM_IN_A_LIST)}
        if FileRef in parts:
            return ()
        if origin is tuple and parts[-1] is not Ellipsis:
            return tuple(self._value(part) for part in parts)
        if origin in (tuple, list, frozenset):
            return origin(self._value(parts[0]) for _ in range(NUM_IN_A_LIST))
        return next(self._texts)
