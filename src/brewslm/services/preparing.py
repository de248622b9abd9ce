"""What a dataset is prepared for, where the user leaves it open: the project's base model and seed, a fit length."""

from collections.abc import Collection, Mapping
from typing import Any

from pydantic import ValidationError

from brewslm.core.artifacts.manifest import Manifest
from brewslm.core.errors import InvalidRequestError
from brewslm.core.ids import ArtifactId
from brewslm.core.ports.base_models import BaseModels
from brewslm.core.project import Project
from brewslm.stages.prepare.contract import PrepareInputs

MAX_SEQ_LEN = 1024
"""Longest example that is prepared for, in tokens, where the model's context allows it and nobody says otherwise."""


Choices = Mapping[str, Any]
"""Fields of `PrepareInputs` that the user has set."""


def preparation_for(
    project: Project, dataset_id: ArtifactId, base_models: BaseModels, choices: Choices | None = None
) -> PrepareInputs:
    """Fill in what was left open.

    Args:
        project: whose base model and seed are taken where none is chosen.
        dataset_id: the dataset.
        base_models: say how long a context is.
        choices: what the user has set; what is None there was left open.

    Raises:
        BaseModelError: there is no such base model.
        InvalidRequestError: a choice is out of its range.
    """
    chosen = {name: value for name, value in (choices or {}).items() if value is not None}
    name = chosen.pop("base_model", None) or project.base_model
    longest = chosen.pop("max_seq_len", None) or min(base_models.facts(name).context_length, MAX_SEQ_LEN)
    fields = {"seed": project.seed, **chosen, "dataset_id": dataset_id, "base_model": name, "max_seq_len": longest}
    try:
        return PrepareInputs.model_validate(fields)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, one['loc']))}={one['input']!r}: {one['msg']}" for one in error.errors()
        )
        raise InvalidRequestError(f"the preparation cannot be made so: {problems}. Correct these values.") from error


def is_prepared_for(manifest: Manifest, wanted: PrepareInputs, goldens: Collection[ArtifactId] = ()) -> bool:
    """Whether a manifest is of this dataset, base model and length, and knows all the golden sets.

    How it was split is the choice of whoever prepared it, and is kept.
    """
    return (
        manifest.dataset_id == wanted.dataset_id
        and manifest.base_model == wanted.base_model
        and manifest.max_seq_len == wanted.max_seq_len
        and {one.golden_id for one in manifest.goldens} >= set(goldens)
    )


def fits_request(manifest: Manifest, *, base_model: str | None, max_seq_len: int | None) -> bool:
    """Whether a manifest that the user has chosen is what a later request asks for."""
    return base_model in {None, manifest.base_model} and max_seq_len in {None, manifest.max_seq_len}
