"""A project: the durable container of base model, data, experiments, releases and events."""

from datetime import datetime
from typing import Literal

from brewslm.core.ids import ProjectId
from brewslm.core.value import Value

Template = Literal["general", "support", "classification", "extraction"]
"""A starting point: which sample and which defaults a new project suggests."""

BUNDLED_BASE_MODEL = "brewslm-tiny-v1"


class Project(Value):
    """A named body of work on one base model."""

    id: ProjectId
    name: str
    template: Template = "general"
    base_model: str = BUNDLED_BASE_MODEL
    """A bundled model's name, a local folder, or a Hugging Face id."""
    seed: int = 42
    created_at: datetime
