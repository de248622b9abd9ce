"""What a cleaning is asked to do, and what it did: part of the dataset version that it makes."""

from typing import Annotated, Literal, Self, get_args

from pydantic import Field, model_validator

from brewslm.core.value import Value

PiiKind = Literal["email", "phone", "iban", "card", "ip", "national_id", "secret", "person", "location", "other"]
"""The last three are found by Presidio only."""
PII_KINDS: tuple[PiiKind, ...] = get_args(PiiKind)

NormalisationRule = Literal[
    "mojibake", "html_entities", "unicode_nfc", "control_characters", "zero_width", "whitespace", "smart_quotes"
]
"""In the order in which they are applied."""
NORMALISATION_RULES: tuple[NormalisationRule, ...] = get_args(NormalisationRule)

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]


class PiiRule(Value):
    """What is done about personal data and secrets."""

    policy: Literal["off", "warn", "redact", "block"] = "off"
    """`warn` counts and lists them, `redact` puts placeholders in their place, `block` refuses the dataset."""
    kinds: tuple[PiiKind, ...] = PII_KINDS
    """What is looked for."""
    detector: Literal["built_in", "presidio"] = "built_in"
    """`presidio` adds what Presidio finds (extra `pii`) to what the built-in detectors find."""
    language: str = "en"
    """The language that Presidio reads; the built-in detectors read any."""


class NearDuplicateRule(Value):
    """Which examples say almost the same."""

    threshold: float = Field(default=0.85, ge=0.3, le=1)
    """The Jaccard index from which on a question and its answer (each of them) are called alike."""
    shingle_words: int = Field(default=2, ge=1, le=5)
    """Runs of 1 to so many words are compared; 1 compares sets of words, whatever their order."""


class QualityRules(Value):
    """Bounds on what is measured of the texts of an example. None, or empty, switches a rule off."""

    min_characters: Count | None = None
    max_characters: Count | None = None
    min_words: Count | None = None
    max_words: Count | None = None
    max_repeated_line_share: Share | None = None
    """Share of the lines that stood there before. Gopher (Rae et al. 2021, table A1) takes out more than 0.3."""
    max_repeated_ngram_share: Share | None = None
    """Share of the runs of five words that stood there before. Gopher takes out more than 0.15 of the characters."""
    max_symbol_share: Share | None = None
    """Share of the signs, spaces aside, that are no letter and no digit."""
    max_boilerplate_share: Share | None = None
    """Share of the lines that are cookie banners, calls to subscribe, navigation, or legal footers."""
    max_html_share: Share | None = None
    """Share of the characters that are tags or entities."""
    max_damage_share: Share | None = None
    """Share of the characters that broken decoding has left: replacement signs, mojibake, control characters."""
    languages: tuple[str, ...] = ()
    """ISO 639-1 codes of the languages that are kept. Texts of fewer than 20 letters are kept, whatever they seem."""
    max_outlier_score: float | None = Field(default=None, gt=0)
    """Largest robust z of the logarithm of the length, the mean length of words, the share of symbols, or of digits:
    0.6745 times the distance from the median over the median distance (Iglewicz and Hoaglin 1993, who propose 3.5)."""

    @property
    def is_on(self) -> bool:
        """Whether any rule looks at single examples."""
        return any(value not in {None, ()} for name, value in self if name != "max_outlier_score")


class ChunkRule(Value):
    """How documents are cut."""

    size: int = Field(ge=16, le=1_000_000)
    """The most that a chunk holds, in `unit`."""
    overlap: int = Field(default=0, ge=0)
    """How much of a chunk's end the next one begins with."""
    unit: Literal["tokens", "words", "characters"] = "tokens"
    base_model: str | None = None
    """Whose tokenizer counts; needed for `tokens`."""

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        if self.overlap * 2 >= self.size:
            message = f"an overlap of {self.overlap} is not less than half of the size {self.size}"
            raise ValueError(message)
        if (self.unit == "tokens") != (self.base_model is not None):
            message = (
                f"unit {self.unit!r} with base_model {self.base_model!r}: tokens, and only they, need a base model"
            )
            raise ValueError(message)
        return self


class CleaningPlan(Value):
    """All rules of a cleaning. By default only exact duplicates are taken out.

    The order: normalise, look for personal data, judge quality, cut documents, take out exact duplicates, then
    outliers, then near duplicates. So duplicates are those of the texts as they will be trained on.
    """

    normalise: tuple[NormalisationRule, ...] = ()
    pii: PiiRule = PiiRule()
    quality: QualityRules = QualityRules()
    chunks: ChunkRule | None = None
    exact_duplicates: bool = True
    near_duplicates: NearDuplicateRule | None = None
    warn_removed_share: Share = 0.3
    """A rule that takes out more than this share of the examples is warned of."""


class CleaningSample(Value):
    """One example that a rule changed or removed, for showing."""

    rule: str
    source_row: int
    before: str
    after: str = ""
    """Empty where it was removed."""


class ClusterSample(Value):
    """Near duplicates of each other, for showing."""

    kept_row: int
    kept: str
    removed_rows: tuple[int, ...]
    removed: tuple[str, ...]
    likeness: tuple[float, ...]
    """Of each to the kept one."""


class CleaningReport(Value):
    """What a cleaning did: num_before - removed + (num_chunks - num_chunked) = num_after."""

    plan: CleaningPlan
    num_before: int
    num_after: int
    num_chunked: int = 0
    """Documents that were cut."""
    num_chunks: int = 0
    """What they were cut into."""
    removed: dict[str, int] = Field(default_factory=dict)
    """Examples, by rule."""
    changed: dict[str, int] = Field(default_factory=dict)
    """Examples, by rule; one that several rules changed counts for each."""
    pii: dict[str, int] = Field(default_factory=dict)
    """Finds of personal data, by kind."""
    num_with_pii: int = 0
    """Examples with at least one find."""
    num_labels_with_pii: int = 0
    """Labels are never rewritten."""
    num_conflicts: int = 0
    """Texts that carry more than one label."""
    num_clusters: int = 0
    """Groups of near duplicates; of each the first in the order of the dataset stays."""
    clusters: tuple[ClusterSample, ...] = ()
    """The largest of them."""
    samples: tuple[CleaningSample, ...] = ()
    """Up to three for each rule."""
    is_whole: bool = True
    """Whether all of the dataset was looked at; a preview may look at its beginning only."""
