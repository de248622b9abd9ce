"""What is made of the audit spine for people: the timeline, clusters of failures, bundles for support."""

import threading
from typing import TYPE_CHECKING

from brewslm.bootstrap.made import made

if TYPE_CHECKING:
    from brewslm.adapters.sql.history import SqlHistory
    from brewslm.adapters.sql.storage import SqlStorage
    from brewslm.bootstrap.settings import Settings
    from brewslm.services.audit.clusters import FailureClusters
    from brewslm.services.audit.timeline import Timelines
    from brewslm.services.jobs.queue import Jobs
    from brewslm.services.ports import Ports
    from brewslm.services.support.bundles import SupportBundles


class Records:
    """Readers of the record, each made when it is first asked for."""

    def __init__(self, settings: "Settings", ports: "Ports", jobs: "Jobs", ledger: "SqlStorage") -> None:
        """Bind it to what a house is made of."""
        self._settings = settings
        self._ports = ports
        self._jobs = jobs
        self._ledger = ledger
        self.making = threading.RLock()

    @made
    def history(self) -> "SqlHistory":
        """Questions about what has happened."""
        from brewslm.adapters.sql.history import SqlHistory

        return SqlHistory(self._ledger)

    @made
    def timeline(self) -> "Timelines":
        """Runs within runs."""
        from brewslm.services.audit.timeline import Timelines

        return Timelines(self.history)

    @made
    def failures(self) -> "FailureClusters":
        """Failures by their cause."""
        from brewslm.services.audit.clusters import FailureClusters

        return FailureClusters(self.history)

    @made
    def support(self) -> "SupportBundles":
        """Bundles for those who help."""
        from brewslm.bootstrap.support import facts_of
        from brewslm.services.support.bundles import SupportBundles

        return SupportBundles(
            self._ports,
            self._jobs,
            failures=self.failures,
            timeline=self.timeline,
            folder=self._settings.home / "support",
            facts=lambda: facts_of(self._settings, self._ports.secrets),
        )
