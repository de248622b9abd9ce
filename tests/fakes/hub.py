"""A server on loopback that answers as the hub does: repository info, resolve, redirects of large files, refusals."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.web_server import Exchange

SHA = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Hub:
    """One data set repository."""

    files: Mapping[str, bytes]
    card: dict[str, Any] = field(default_factory=dict)
    name: str = "owner/rows"
    revisions: tuple[str, ...] = ("main", "v1", "refs/convert/parquet", SHA)
    large: frozenset[str] = frozenset()
    """Files that another host gives, by a redirect, as the hub does with large ones."""
    refusal: int | None = None
    """The status that every question about the repository gets."""
    broken: list[int] = field(default_factory=list)
    """Statuses that the next answers to downloads have."""
    cuts: list[int] = field(default_factory=list)
    """After how many bytes the next downloads break."""

    def __call__(self, exchange: Exchange) -> None:
        path = exchange.path.partition("?")[0].replace("%2F", "/")
        if path.startswith(f"/api/datasets/{self.name}"):
            self._info(exchange, path.removeprefix(f"/api/datasets/{self.name}").strip("/"))
        elif path.startswith(f"/datasets/{self.name}/resolve/"):
            _, _, file = path.removeprefix(f"/datasets/{self.name}/resolve/").partition("/")
            self._file(exchange, file)
        elif path.startswith("/large/"):
            self._give(exchange, path.removeprefix("/large/"))
        else:
            exchange.answer(401, b"{}", X_Error_Code="RepoNotFound", X_Error_Message="Repository not found")

    def _info(self, exchange: Exchange, rest: str) -> None:
        if self.refusal is not None:
            return exchange.answer(self.refusal, b"{}")
        if self.name == "owner/gated":
            return exchange.answer(403, b"{}", X_Error_Code="GatedRepo", X_Error_Message="Access is restricted")
        revision = rest.removeprefix("revision/") or "main"
        if revision not in self.revisions:
            return exchange.answer(404, b"{}", X_Error_Code="RevisionNotFound", X_Error_Message="Invalid rev id")
        info = {
            "_id": "1", "id": self.name, "sha": SHA, "private": False, "gated": False, "disabled": False,
            "downloads": 0, "likes": 0, "tags": [], "cardData": self.card,
            "siblings": [{"rfilename": name, "size": len(content)} for name, content in self.files.items()],
        }  # fmt: skip
        return exchange.answer(200, json.dumps(info).encode(), Content_Type="application/json")

    def _file(self, exchange: Exchange, file: str) -> None:
        if file not in self.files:
            return exchange.answer(404, b"", X_Error_Code="EntryNotFound")
        tag = hashlib.sha256(self.files[file]).hexdigest()
        if file in self.large:
            sizes = {"X_Linked_Size": str(len(self.files[file])), "X_Linked_Etag": f'"{tag}"'}
            elsewhere = exchange.headers["Host"].replace("127.0.0.1", "localhost")
            return exchange.answer(302, b"", X_Repo_Commit=SHA, Location=f"http://{elsewhere}/large/{file}", **sizes)
        return self._give(exchange, file, X_Repo_Commit=SHA, ETag=f'"{tag}"')

    def _give(self, exchange: Exchange, file: str, **headers: str) -> None:
        if exchange.command == "GET" and self.broken:
            return exchange.answer(self.broken.pop(0))
        cut = self.cuts.pop(0) if exchange.command == "GET" and self.cuts else None
        return exchange.give_file(self.files[file], cut=cut, **headers)
