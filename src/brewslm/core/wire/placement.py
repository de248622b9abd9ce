"""`placement.json`: where the attempts of a run directory are made, and by how many processes."""

from brewslm.core.engines.names import EngineName
from brewslm.core.value import Value


class Placement(Value):
    """Absent where one process works on this machine."""

    engine: EngineName = "local"
    num_nodes: int = 1
    processes_per_node: int = 1

    @property
    def num_processes(self) -> int:
        """All together."""
        return self.num_nodes * self.processes_per_node
