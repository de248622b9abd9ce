"""The Studio's files, as they were built: one page at `/`, and what it loads under `/assets`."""

import secrets
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

BUILD = Path(__file__).resolve().parents[1] / "bundled" / "studio"
NONCE_PLACE = "%STYLE_NONCE%"
MISSING = (
    "The Studio is not built in this clone of the repository: run `make studio` there and load this page anew. "
    "Everything else works; the API is described at /api/openapi.json.\n"
)
_NONCE_BYTES = 16
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


class Assets(StaticFiles):
    """Files whose names carry a hash of their content, so that a browser never has to ask again."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Answer with a file, or raise 404."""
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


def studio_routes(build: Path = BUILD) -> list[BaseRoute]:
    """Serve the build in `build`. It may be made, or made anew, while the server runs."""

    def page(_request: Request) -> Response:
        """Show the Studio, or say that it is not built."""
        try:
            text = (build / "index.html").read_text(encoding="utf-8")
        except OSError:
            return PlainTextResponse(MISSING, status_code=503)
        nonce = secrets.token_urlsafe(_NONCE_BYTES)
        headers = {"Content-Security-Policy": _POLICY.format(nonce=nonce), "Cache-Control": "no-cache"}
        return HTMLResponse(text.replace(NONCE_PLACE, nonce), headers=headers)

    return [Route("/", page, methods=["GET"]), Mount("/assets", Assets(directory=build / "assets", check_dir=False))]
