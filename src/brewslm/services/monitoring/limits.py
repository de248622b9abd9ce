"""The thresholds that count in this workspace, for those who cannot refuse to go on."""

from dataclasses import dataclass

from brewslm.core.errors import InvalidRequestError
from brewslm.core.health.layers import layered
from brewslm.core.health.thresholds import Thresholds
from brewslm.core.ports.training_logs import ThresholdFiles


@dataclass(frozen=True, slots=True)
class Limits:
    """Thresholds, and what is wrong with the file where the defaults had to count."""

    thresholds: Thresholds
    problem: str = ""


def limits_now(files: ThresholdFiles) -> Limits:
    """Read the thresholds; a training never dies of a file that cannot be used."""
    try:
        return Limits(layered(files.layers(None)).thresholds)
    except InvalidRequestError as error:
        return Limits(Thresholds(), str(error))
