"""Where a training runs, and by how many processes."""

from pydantic import Field

from brewslm.core.engines.names import EngineName
from brewslm.core.value import Described


class PlacementSettings(Described):
    """The processes of one training share every optimiser step's examples, so that their number changes no result."""

    engine: EngineName = "local"
    """`local` is this machine; `ray` and `slurm` are clusters that `config/engines.yaml` describes."""
    num_nodes: int = Field(1, ge=1, le=1024)
    """Machines that take part; `local` is one."""
    processes_per_node: int = Field(1, ge=1, le=64)
    """Processes on each of them, as a rule one for each GPU."""

    @property
    def num_processes(self) -> int:
        """All together."""
        return self.num_nodes * self.processes_per_node
