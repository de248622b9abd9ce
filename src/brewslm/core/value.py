"""The base of everything that is written to disk, to the wire or to the log."""

import hashlib
import json
from typing import Any

from pydantic import BaseModel, ConfigDict


class Value(BaseModel):
    """A frozen model that refuses unknown fields and non-finite numbers in its canonical form.

    What is written out holds every field, so its schema says that each is there, also one that has a default.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", ser_json_inf_nan="null", json_schema_serialization_defaults_required=True
    )


def canonical_json(data: Any) -> str:  # noqa: ANN401 - any JSON value is meant
    """Return the one spelling of `data` that hashes are taken over: sorted keys, no spaces, UTF-8, no NaN.

    Raises:
        ValueError: `data` holds NaN or an infinity.
    """
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def sha256_of(data: Any) -> str:  # noqa: ANN401 - any JSON value is meant
    """Return the SHA-256 of the canonical JSON of `data`, as 64 hex digits."""
    return hashlib.sha256(canonical_json(data).encode()).hexdigest()
