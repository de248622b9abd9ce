"""What may be done by itself when a training fails."""

from pydantic import Field

from brewslm.core.value import Described


class RetrySettings(Described):
    """How long a failing training is helped."""

    max_attempts: int = Field(8, ge=0, le=1000)
    """Measures that may be taken over a whole run. Going on after a lost process costs nothing where there has been a
    newer checkpoint meanwhile."""
