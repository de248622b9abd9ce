"""Plugging the connectors together: which scheme is opened by whom, under which settings."""

from brewslm.adapters.sources.datasets.hub_datasets import HubDatasets
from brewslm.adapters.sources.dispatch import DispatchedSources
from brewslm.adapters.sources.locators import LocalSources
from brewslm.adapters.sources.web.files import WebFiles
from brewslm.adapters.sources.web.limits import WebLimits
from brewslm.bootstrap.settings import Settings
from brewslm.core.ports.source import Sources


def connected_sources(settings: Settings) -> Sources:
    """All sources that the settings allow."""
    web = WebFiles(
        limits=WebLimits(max_bytes=settings.max_source_bytes),
        is_private_allowed=settings.is_private_allowed,
        is_offline=settings.is_offline,
        proxies=settings.proxies,
    )
    hub = HubDatasets(max_bytes=settings.max_source_bytes, is_offline=settings.is_offline)
    return DispatchedSources(LocalSources(), {"http": web.open, "https": web.open, "hf": hub.open})
