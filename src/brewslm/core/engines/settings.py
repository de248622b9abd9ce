"""What `config/engines.yaml` may say: how to reach clusters, and how much may run there at once."""

from typing import Annotated

from pydantic import Field, StringConstraints

from brewslm.core.value import Described

Word = Annotated[str, StringConstraints(pattern=r"^[^\s\x00-\x1f\x7f]+$", max_length=200)]


class SlurmSettings(Described):
    """A Slurm cluster whose commands are on the path here, and which sees the workspace under the same path."""

    partition: Word | None = None
    """Where to submit; the cluster's own default where empty."""
    account: Word | None = None
    """Who is charged."""
    qos: Word | None = None
    time_limit: Word | None = None
    """As `sbatch --time` takes it, such as 8:00:00."""
    has_gpus: bool = False
    """Whether each process is to have a GPU of its own: `--gpus-per-node`, as many as processes."""
    options: tuple[Word, ...] = ()
    """More options of `sbatch`, such as --mem=32G or --constraint=a100."""
    python: Word | None = None
    """The interpreter on the nodes that has the training libraries; the one that runs here where empty."""
    network_interface: Word | None = None
    """The interface over which the processes of one training speak to each other, such as ib0."""
    max_jobs: int = Field(4, ge=1, le=1000)
    """Trainings that may wait or run there at once."""


class RaySettings(Described):
    """A Ray cluster (2.52 or later) that sees the workspace under the same path."""

    address: Word = "http://127.0.0.1:8265"
    """Of its dashboard, which takes jobs."""
    token_env: Word = "RAY_AUTH_TOKEN"  # noqa: S105 - the name of a variable
    """The environment variable that holds the cluster's token."""
    allow_without_token: bool = False
    """Whether to use a cluster that lets everyone in. Whoever reaches such a cluster runs code on it."""
    python: Word | None = None
    """The interpreter on the nodes that has Ray and the training libraries; the one that runs here where empty."""
    network_interface: Word | None = None
    """The interface over which the processes of one training speak to each other, such as eth0."""
    max_jobs: int = Field(4, ge=1, le=1000)
    """Trainings that may wait or run there at once."""


class EngineSettings(Described):
    """The whole file. An engine that is not there cannot be asked for; `local` always can."""

    slurm: SlurmSettings | None = None
    ray: RaySettings | None = None
