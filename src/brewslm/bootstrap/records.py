"""What is made of the audit spine for people: the timeline, clusters of failures, bundles for support."""

import threading
from typing import TYPE_CHECKING

from brewslm.bootstrap.made import made

if TYPE_CHECKING:
    from brewslm.adapters.sql.history import SqlHistory
    from brewslm.adapters.sql.storage import SqlStorage
    from brewslm.bootstrap.house import House
    from brewslm.services.audit.clusters import FailureClusters
    from brewslm.services.audit.timeline import Timelines
    from brewslm.services.support.bundles import SupportBundles


class Records:
    """Readers of the record, each made when it is first asked for."""

    def __init__(self, house: "House", ledger: "SqlStorage") -> None:
        """Bind it to a house and its ledger."""
        self._house = house
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

        house = self._house
        return SupportBundles(
            house.ports,
            house.jobs,
            failures=self.failures,
            timeline=self.timeline,
            folder=house.settings.home / "support",
            facts=lambda: facts_of(house.settings, house.ports.secrets),
        )
