"""Base models side by side on the same rows of a project, and the floor that each has to beat."""

from typing import ClassVar, Literal

from brewslm.core.artifacts.base import Artifact, ArtifactKind, ManifestId
from brewslm.core.evaluation.interval import Interval
from brewslm.core.value import Value

Standing = Literal["first", "cannot tell", "behind"]
"""`first` has the lowest loss; `cannot tell`: its distance to the first may be chance; `behind`: it is not."""


class Score(Value):
    """How a model does on the sampled eval rows."""

    bits_per_byte: float
    """Loss over what is trained, divided by the bytes of that text: the same bytes for every candidate."""
    accuracy: float | None = None
    """Share of right labels, of classification."""


class FloorCheck(Value):
    """A model against what needs no model."""

    measure: Literal["bits_per_byte", "accuracy"]
    floor: float
    """Bits per byte of a unigram model of the train split, or the accuracy of its most frequent label."""
    value: float
    """The candidate's, after the probe where there was one."""
    interval: Interval
    """Of candidate minus floor."""
    passed: bool
    """Whether the whole interval is on the good side."""


class Candidate(Value):
    """One base model, measured on this machine."""

    name: str
    model_hash: str
    """The commit of a model from a hub, else SHA-256 over the files of its folder."""
    num_parameters: int
    zero_shot: Score
    probed: Score | None
    """After the probe: a short training of an adapter on train rows."""
    learning_rate: float | None
    """Of the probe."""
    scored_tokens_per_second: float
    trained_tokens_per_second: float | None
    peak_memory_bytes: int
    """Of the whole process while this candidate was measured; of the GPU where there is one."""
    floor: FloorCheck
    standing: Standing
    distance: Interval | None
    """Bits per byte more than the first one, on the same rows; None of the first."""

    @property
    def decisive(self) -> Score:
        """The score that candidates are ranked by."""
        return self.probed or self.zero_shot


class Failed(Value):
    """A candidate that could not be measured."""

    name: str
    problem: str


class Benchmark(Artifact):
    """Candidates, the best first.

    Files: the sampled rows as each candidate reads them.
    """

    kind: ClassVar[ArtifactKind] = "benchmark"

    manifest_id: ManifestId
    dataset_id: str
    """The fingerprint of the data."""
    num_rows: int
    """Eval rows that every candidate was scored on."""
    num_left_out: int
    """Sampled eval rows that are too long for a candidate, or that its template refuses."""
    num_train_rows: int
    """Train rows that the probe and the floor learnt from."""
    probe_steps: int
    seed: int
    brewslm_version: str
    runtime: str
    device: str
    candidates: tuple[Candidate, ...]
    failed: tuple[Failed, ...] = ()

    @property
    def shortlist(self) -> tuple[Candidate, ...]:
        """The first one, and those that cannot be told apart from it."""
        return tuple(one for one in self.candidates if one.standing != "behind")

    @property
    def hopeful(self) -> tuple[Candidate, ...]:
        """Those of the shortlist that beat their floor."""
        return tuple(one for one in self.shortlist if one.floor.passed)

    @property
    def sentence(self) -> str:
        """The answer, for people."""
        first, *others = self.shortlist
        if not self.hopeful:
            return f"none beats its floor with 95 % confidence; the lowest loss has {first.name!r}"
        if others:
            return f"cannot tell apart: {', '.join(repr(one.name) for one in self.shortlist)}"
        return f"{first.name!r} is the best of {len(self.candidates)}"
