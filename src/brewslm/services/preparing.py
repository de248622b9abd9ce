"""What a dataset is prepared for, where the user leaves it open: the project's base model and seed, a fit length."""

from brewslm.core.artifacts.manifest import Manifest
from brewslm.core.ids import ArtifactId
from brewslm.core.ports.base_models import BaseModels
from brewslm.core.project import Project
from brewslm.stages.prepare.contract import PrepareInputs

MAX_SEQ_LEN = 1024
"""Longest example that is prepared for, in tokens, where the model's context allows it and nobody says otherwise."""


def preparation_for(
    project: Project,
    dataset_id: ArtifactId,
    base_models: BaseModels,
    *,
    base_model: str | None = None,
    max_seq_len: int | None = None,
) -> PrepareInputs:
    """Fill in what was left open.

    Raises:
        BaseModelError: there is no such base model.
    """
    name = base_model or project.base_model
    return PrepareInputs(
        dataset_id=dataset_id,
        base_model=name,
        seed=project.seed,
        max_seq_len=max_seq_len or min(base_models.facts(name).context_length, MAX_SEQ_LEN),
    )


def is_prepared_as(manifest: Manifest, wanted: PrepareInputs) -> bool:
    """Whether preparing again would give this manifest."""
    return (
        manifest.dataset_id == wanted.dataset_id
        and manifest.base_model == wanted.base_model
        and manifest.seed == wanted.seed
        and manifest.max_seq_len == wanted.max_seq_len
        and manifest.shares == wanted.shares
    )
