"""Presidio's analyzer behind the same interface; its finds join those of the built-in detectors."""

from collections.abc import Callable, Collection, Sequence
from typing import Protocol, cast

from brewslm.core.errors import InvalidRequestError
from brewslm.core.reason import Reason
from brewslm.stages.clean.pii.find import find
from brewslm.stages.clean.pii.redaction import Detector
from brewslm.stages.clean.pii.spans import Kind, Span, apart

MIN_SCORE = 0.5
_KINDS: dict[str, Kind] = {
    "CREDIT_CARD": "card",
    "EMAIL_ADDRESS": "email",
    "IBAN_CODE": "iban",
    "IP_ADDRESS": "ip",
    "LOCATION": "location",
    "PERSON": "person",
    "PHONE_NUMBER": "phone",
    "US_SSN": "national_id",
    "UK_NHS": "national_id",
    "ES_NIF": "national_id",
    "ES_NIE": "national_id",
    "IT_FISCAL_CODE": "national_id",
    "PL_PESEL": "national_id",
    "IN_AADHAAR": "national_id",
    "SG_NRIC_FIN": "national_id",
    "AU_TFN": "national_id",
    "FI_PERSONAL_IDENTITY_CODE": "national_id",
}
_IGNORED = frozenset({"DATE_TIME", "URL", "NRP"})


class Result(Protocol):
    """What Presidio says of one find."""

    entity_type: str
    start: int
    end: int
    score: float


class Analyzer(Protocol):
    """The one call of Presidio that is used."""

    def analyze(self, *, text: str, language: str) -> Sequence[Result]:
        """Find entities."""


def open_analyzer() -> Analyzer:
    """Load Presidio with the spaCy model that is installed.

    Raises:
        InvalidRequestError: Presidio, or a language model for it, is not installed.
    """
    try:
        from presidio_analyzer import AnalyzerEngine

        return cast("Analyzer", AnalyzerEngine())
    except ImportError as error:
        message = "pii.detector 'presidio' needs presidio-analyzer; install it with `pip install 'brewslm[pii]'`"
        raise InvalidRequestError(message, reason=Reason.PREFLIGHT_DEPENDENCY) from error
    except (OSError, SystemExit) as error:
        message = (
            "pii.detector 'presidio' has no language model; install one with "
            "`python -m spacy download en_core_web_lg`, or choose the detector 'built_in'"
        )
        raise InvalidRequestError(message, reason=Reason.PREFLIGHT_DEPENDENCY) from error


def presidio_detector(
    kinds: Collection[Kind], language: str, open_it: Callable[[], Analyzer] = open_analyzer
) -> Detector:
    """Return a detector that joins Presidio's finds with the built-in ones.

    Raises:
        InvalidRequestError: Presidio is not installed.
    """
    analyzer = open_it()

    def detect(text: str) -> list[Span]:
        results = analyzer.analyze(text=text, language=language)
        named = [
            Span(one.start, one.end, _KINDS.get(one.entity_type, "other"), one.entity_type, is_checked=False)
            for one in results
            if one.score >= MIN_SCORE and one.entity_type not in _IGNORED
        ]
        return [span for span in apart([*find(text, kinds), *named]) if span.kind in kinds]

    return detect
