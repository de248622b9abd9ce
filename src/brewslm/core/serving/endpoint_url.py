"""Addresses of endpoints of others that speak the OpenAI API."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field


def _plain(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("begin it with http:// or https:// and name a host")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("leave names, passwords and what follows a ? out of it; put a key into key_env's variable")
    return url.rstrip("/")


EndpointUrl = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_plain)]
"""The base of an endpoint, such as http://127.0.0.1:8080/v1; no slash ends it."""
