"""How far an example is from the others, by four plain measures of its texts; robust, and without a model."""

from array import array
from dataclasses import dataclass, field
from math import log1p
from typing import TYPE_CHECKING

from brewslm.stages.clean.quality import symbol_share

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

FEATURES = ("log_characters", "mean_word_length", "symbol_share", "digit_share")
_TO_SIGMA = 0.6745
"""The median distance of a normal distribution from its median, in standard deviations."""
_LEAST_SPREAD = (0.05, 0.1, 0.01, 0.01)
"""Below this median distance a feature is taken to spread so much: where all are equal, a hair is no outlier."""


def features_of(text: str) -> tuple[float, float, float, float]:
    """Measure a text: logarithm of its characters, mean length of its words, shares of symbols and of digits."""
    words = text.split()
    length = len(text)
    mean = sum(map(len, words)) / len(words) if words else 0.0
    return log1p(length), log1p(mean), symbol_share(text), sum(map(str.isdigit, text)) / max(1, length)


@dataclass(slots=True)
class Outliers:
    """Takes all texts first (`add`, 16 bytes each), then scores each by its place."""

    _values: "array[float]" = field(default_factory=lambda: array("f"))
    _scores: "npt.NDArray[np.float32] | None" = None

    def add(self, text: str) -> None:
        """Take a text in the order of the dataset."""
        self._values.extend(features_of(text))

    def score(self, place: int) -> float:
        """Return the largest robust z of the features of the text at `place`."""
        if self._scores is None:
            self._scores = self._scored()
        return float(self._scores[place])

    def _scored(self) -> "npt.NDArray[np.float32]":
        import numpy as np

        values = np.frombuffer(self._values, dtype=np.float32).reshape(-1, len(FEATURES))
        scores = np.zeros(len(values), dtype=np.float32)
        for column, least in enumerate(_LEAST_SPREAD):
            distances = np.abs(values[:, column] - np.median(values[:, column]))
            spread = max(float(np.median(distances)), least)
            np.maximum(scores, _TO_SIGMA * distances / spread, out=scores)
        return scores
