"""Uploads of any size that go on after a break: the tus protocol, version 1.0.0 (tus.io/protocols/resumable-upload).

A finished upload is a source; its locator is `upload:<id>`.
"""

import base64
import hashlib
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from brewslm.api.deps import HouseOf, error_answers
from brewslm.api.errors import error_response
from brewslm.core.errors import InvalidRequestError
from brewslm.core.events.reasons import Reason
from brewslm.core.ports.uploads import Upload, Writer
from brewslm.core.value import Value

_ANSWERS = error_answers(
    (412, "Another version of the protocol."),
    (460, "The body is not that of the checksum."),
)
router = APIRouter(prefix="/uploads", tags=["uploads"], responses=_ANSWERS)

VERSION = "1.0.0"
EXTENSIONS = "creation,termination,checksum,expiration"
CHECKSUMS: dict[str, Callable[[], Any]] = {"sha256": hashlib.sha256, "sha512": hashlib.sha512}
PIECE_BYTES = 1 << 20
WRONG_VERSION, WRONG_CHECKSUM = 412, 460

UploadId = Annotated[str, Path(max_length=64, pattern="^[0-9a-f]{32}$", description="The upload's id.")]
Version = Annotated[str | None, Header(alias="Tus-Resumable", max_length=20, description="Must be 1.0.0.")]
Offset = Annotated[int, Header(alias="Upload-Offset", ge=0, le=2**53, description="Where the body goes on, in bytes.")]
Length = Annotated[int, Header(alias="Upload-Length", ge=1, le=2**53, description="The file's size in bytes.")]
Metadata = Annotated[
    str | None,
    Header(
        alias="Upload-Metadata", max_length=4096, description="`filename` and its value in Base64; comma-separated."
    ),
]
Checksum = Annotated[
    str | None,
    Header(alias="Upload-Checksum", max_length=200, description="`sha256` or `sha512`, and the body's hash in Base64."),
]


class UploadFacts(Value):
    """How an upload stands."""

    id: str
    name: str
    size_bytes: int
    offset_bytes: int
    is_complete: bool
    locator: str
    """What to give as a source when it is complete."""
    expires_at: str


@router.options("", status_code=204)
def capabilities(house: HouseOf) -> Response:
    """Say what of the protocol is spoken."""
    headers = {
        "Tus-Version": VERSION,
        "Tus-Extension": EXTENSIONS,
        "Tus-Max-Size": str(house.uploads.max_bytes),
        "Tus-Checksum-Algorithm": ",".join(CHECKSUMS),
    }
    return _answer(204, **headers)


@router.post("", status_code=201)
def create(house: HouseOf, size: Length, metadata: Metadata = None, version: Version = None) -> Response:
    """Announce a file; the answer's `Location` is where its bytes go."""
    if refusal := _of_version(version):
        return refusal
    upload = house.uploads.create(_file_name(metadata), size)
    return _answer(201, Location=f"/api/uploads/{upload.id}", **_state(upload))


@router.head("/{upload_id}", status_code=200)
def look(upload_id: UploadId, house: HouseOf, version: Version = None) -> Response:
    """Say how much of it is here."""
    return _of_version(version) or _answer(200, **_state(house.uploads.get(upload_id)))


@router.get("/{upload_id}")
def show(upload_id: UploadId, house: HouseOf) -> UploadFacts:
    """Show how it stands."""
    upload = house.uploads.get(upload_id)
    return UploadFacts(
        id=upload.id,
        name=upload.name,
        size_bytes=upload.size_bytes,
        offset_bytes=upload.offset_bytes,
        is_complete=upload.is_complete,
        locator=upload.locator,
        expires_at=upload.expires_at.isoformat(),
    )


@router.patch("/{upload_id}", status_code=204)
async def append(
    upload_id: UploadId,
    request: Request,
    house: HouseOf,
    offset: Offset,
    checksum: Checksum = None,
    version: Version = None,
) -> Response:
    """Take the next bytes. What came is kept when the connection breaks, unless a checksum was to be kept."""
    if refusal := _of_version(version):
        return refusal
    digest, wanted = _checksum(checksum)
    entered = house.uploads.append(upload_id, offset=offset)
    writer = await run_in_threadpool(entered.__enter__)
    is_right = wanted is None
    try:
        is_right = await _receive(request, writer, digest) and (wanted is None or digest.digest() == wanted)
    finally:
        if wanted is not None and not is_right:
            await run_in_threadpool(writer.forget)
        await run_in_threadpool(entered.__exit__, None, None, None)
    if not is_right and wanted is not None:
        message = "the checksum does not match the bytes that came; nothing of this body was kept; send it again"
        return error_response(WRONG_CHECKSUM, Reason.SYSTEM_REQUEST_INVALID, message, headers=_protocol())
    return _answer(204, **_state(await run_in_threadpool(house.uploads.get, upload_id)))


@router.delete("/{upload_id}", status_code=204)
def remove(upload_id: UploadId, house: HouseOf, version: Version = None) -> Response:
    """Give it up."""
    if refusal := _of_version(version):
        return refusal
    house.uploads.remove(upload_id)
    return _answer(204)


async def _receive(request: Request, writer: Writer, digest: Any) -> bool:  # noqa: ANN401 - a hash object
    """Write the body in pieces; whether it came whole."""
    pieces = bytearray()
    try:
        async for piece in request.stream():
            pieces += piece
            digest.update(piece)
            if len(pieces) >= PIECE_BYTES:
                await run_in_threadpool(writer.write, bytes(pieces))
                pieces.clear()
    except ClientDisconnect:
        return False
    finally:
        await run_in_threadpool(writer.write, bytes(pieces))
    return True


def _state(upload: Upload) -> dict[str, str]:
    expires = upload.expires_at.strftime("%a, %d %b %Y %H:%M:%S GMT")
    return {
        "Upload-Offset": str(upload.offset_bytes),
        "Upload-Length": str(upload.size_bytes),
        "Upload-Expires": expires,
    }


def _protocol() -> dict[str, str]:
    return {"Tus-Resumable": VERSION}


def _answer(status: int, **headers: str) -> Response:
    return Response(status_code=status, headers={**_protocol(), **headers})


def _of_version(version: str | None) -> Response | None:
    if version == VERSION:
        return None
    message = f"uploads follow tus {VERSION}; send `Tus-Resumable: {VERSION}`"
    headers = {**_protocol(), "Tus-Version": VERSION}
    return error_response(WRONG_VERSION, Reason.SYSTEM_REQUEST_INVALID, message, headers=headers)


def _file_name(metadata: str | None) -> str:
    """Read `filename` (or `name`) from `Upload-Metadata`.

    Raises:
        InvalidRequestError: it is missing, or is no UTF-8 in Base64.
    """
    pairs = dict(part.strip().partition(" ")[::2] for part in (metadata or "").split(","))
    encoded = pairs.get("filename") or pairs.get("name") or ""
    try:
        name = base64.b64decode(encoded, validate=True).decode("utf-8")
    except ValueError as error:
        message = "the file name in Upload-Metadata is no UTF-8 in Base64; send `filename BASE64`"
        raise InvalidRequestError(message) from error
    if not name:
        message = "Upload-Metadata does not name the file; send `filename BASE64`"
        raise InvalidRequestError(message)
    return name


def _checksum(value: str | None) -> tuple[Any, bytes | None]:
    """The hash to feed, and what it must give.

    Raises:
        InvalidRequestError: the header cannot be understood.
    """
    if value is None:
        return hashlib.sha256(), None
    algorithm, _, encoded = value.partition(" ")
    try:
        return CHECKSUMS[algorithm](), base64.b64decode(encoded, validate=True)
    except (KeyError, ValueError) as error:
        message = f"Upload-Checksum must be one of {', '.join(CHECKSUMS)} and a hash in Base64"
        raise InvalidRequestError(message) from error
