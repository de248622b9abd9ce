"""What a training came to: its results, and its curves as pictures."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from brewslm.api.deps import HouseOf, JobId
from brewslm.core import ids
from brewslm.core.curves.drawing import ThemeName
from brewslm.core.outcome.results import Results

router = APIRouter(prefix="/jobs/{job_id}", tags=["results"])

Theme = Annotated[ThemeName, Query(description="The colours of the page.")]
_PICTURE = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
"""A picture that is opened by itself runs nothing."""


@router.get("/results")
def results(job_id: JobId, house: HouseOf) -> Results:
    """Tell what a training came to, beside its base; of a flow, what its training came to."""
    return house.results.of_job(ids.JobId(job_id))


@router.get("/curves.svg", response_class=Response, responses={200: {"content": {"image/svg+xml": {}}}})
def curves_svg(job_id: JobId, house: HouseOf, theme: Theme = "light") -> Response:
    """Draw loss, delta, learning rate and gradient norm, as far as the training has come."""
    picture = house.results.svg(ids.JobId(job_id), theme=theme)
    return Response(picture, media_type="image/svg+xml", headers=_PICTURE)


@router.get("/curves.png", response_class=Response, responses={200: {"content": {"image/png": {}}}})
def curves_png(job_id: JobId, house: HouseOf, theme: Theme = "light") -> Response:
    """Draw the same as PNG, at twice the size."""
    return Response(house.results.png(ids.JobId(job_id), theme=theme), media_type="image/png", headers=_PICTURE)
