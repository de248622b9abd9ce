"""One example's texts, normalised and looked through for personal data; every change and every find is told."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from brewslm.core.artifacts.cleaning import CleaningPlan, PiiRule
from brewslm.core.data.cleaning import Change, PiiFind
from brewslm.core.data.example import Example
from brewslm.stages.clean.normalisation import difference, in_order, normalised_by
from brewslm.stages.clean.pii.find import find
from brewslm.stages.clean.pii.presidio import Analyzer, open_analyzer, presidio_detector
from brewslm.stages.clean.pii.redaction import Detector, Placeholders
from brewslm.stages.clean.pii.spans import Span
from brewslm.stages.clean.texts import texts_of, with_texts

REDACTED = "pii_redacted"
_BEFORE, _SHOWN = 60, 160
_MAX_CHANGES = 20
"""So many changed texts of one example are listed for each rule; the rest is counted with the last of them."""


@dataclass(slots=True)
class Mended:
    """What became of an example."""

    example: Example
    changes: list[Change] = field(default_factory=list)
    finds: list[PiiFind] = field(default_factory=list)
    has_label_with_pii: bool = False


class Mender:
    """Applies the rules that change texts."""

    def __init__(self, plan: CleaningPlan, open_presidio: Callable[[], Analyzer] = open_analyzer) -> None:
        """Load what the rules need.

        Raises:
            InvalidRequestError: Presidio is asked for, and not installed.
        """
        self._rules = in_order(plan.normalise)
        self._should_redact = plan.pii.policy == "redact"
        self._detect = _detector(plan.pii, open_presidio)

    @property
    def is_on(self) -> bool:
        """Whether there is anything to do."""
        return bool(self._rules) or self._detect is not None

    def mend(self, example: Example) -> Mended:
        """Return the example as it shall be, with what was changed and found."""
        if not self.is_on:
            return Mended(example)
        work = _Work(example, self._rules, self._detect, should_redact=self._should_redact)
        after = with_texts(example, work.change)
        label = example.label if self._detect is not None else None
        return Mended(
            example=after,
            changes=[
                Change(example.id, after.id, example.source_row, rule, place, work.counts[rule, place], *pair)
                for (rule, place), pair in work.differences.items()
            ],
            finds=[
                PiiFind(
                    after.id, example.source_row, place, span.kind, span.detail, span.start, span.end, span.is_checked
                )
                for place, span in work.finds
            ],
            has_label_with_pii=bool(label and self._detect is not None and self._detect(label)),
        )


class _Work:
    """The changes of one example."""

    def __init__(
        self, example: Example, rules: tuple[str, ...], detect: Detector | None, *, should_redact: bool
    ) -> None:
        self._rules, self._detect = rules, detect
        self._placeholders = Placeholders(text for _, text in texts_of(example)) if should_redact else None
        self.differences: dict[tuple[str, str], tuple[str, str]] = {}
        self.counts: Counter[tuple[str, str]] = Counter()
        self.finds: list[tuple[str, Span]] = []

    def change(self, place: str, text: str) -> str:
        for rule in self._rules:
            after = normalised_by(text, rule)  # type: ignore[arg-type]  # a rule of the plan
            if after != text:
                self._note(rule, place, 1, difference(text, after))
                text = after
        spans = self._detect(text) if self._detect is not None and text else []
        self.finds += [(place, span) for span in spans]
        if not spans or self._placeholders is None:
            return text
        # What stood there is not told: a list of what was taken out would be a list of personal data.
        kinds = ", ".join(sorted({span.kind for span in spans}))
        redacted = self._placeholders.redacted(text, spans)
        begin = max(0, spans[0].start - _BEFORE)
        self._note(REDACTED, place, len(spans), (kinds, redacted[begin : begin + _SHOWN]))
        return redacted

    def _note(self, rule: str, place: str, count: int, pair: tuple[str, str]) -> None:
        listed = [key for key in self.differences if key[0] == rule]
        key = (rule, place) if len(listed) < _MAX_CHANGES else listed[-1]
        self.differences.setdefault(key, pair)
        self.counts[key] += count


def _detector(rule: PiiRule, open_presidio: Callable[[], Analyzer]) -> Detector | None:
    if rule.policy == "off":
        return None
    if rule.detector == "presidio":
        return presidio_detector(rule.kinds, rule.language, open_presidio)
    return partial(find, kinds=rule.kinds)
