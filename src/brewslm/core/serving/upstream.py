"""A runtime that somebody else runs, vLLM for one, and that answers for a release behind the same gateway."""

import re

from pydantic import Field, field_validator

from brewslm.core.serving.endpoint_url import EndpointUrl
from brewslm.core.value import Described

KEY_VARIABLES = "BREWSLM_UPSTREAM_KEY"
"""How the environment variables begin that may hold a key: no other one may be sent to an address that a request
names."""


class Upstream(Described):
    """Where it answers, and under which name."""

    url: EndpointUrl
    """The base of an endpoint that speaks the OpenAI API, such as http://127.0.0.1:8001/v1."""
    model: str | None = Field(None, min_length=1, max_length=200)
    """The model's name there; None takes the only one that it has, or the one that launch notes name."""
    key_env: str | None = Field(None, max_length=60)
    """The environment variable of the server that holds the key, `BREWSLM_UPSTREAM_KEY` or one that begins so; None
    sends none."""

    @field_validator("key_env")
    @classmethod
    def _is_for_upstreams(cls, name: str | None) -> str | None:
        if name is not None and not re.fullmatch(rf"{KEY_VARIABLES}[A-Z0-9_]*", name):
            raise ValueError(f"name the variable {KEY_VARIABLES}, or one that begins so")
        return name
