"""Plugging the connectors together: which scheme is opened by whom, under which settings."""

from brewslm.adapters.sources.cloud import CloudFiles
from brewslm.adapters.sources.datasets.hub_datasets import HubDatasets
from brewslm.adapters.sources.dispatch import DispatchedSources, Opener
from brewslm.adapters.sources.kaggle import KaggleFiles
from brewslm.adapters.sources.locators import LocalSources
from brewslm.adapters.sources.uploaded import UploadedFiles
from brewslm.adapters.sources.web.files import WebFiles
from brewslm.adapters.sources.web.limits import WebLimits
from brewslm.bootstrap.settings import Settings
from brewslm.core.ports.secrets import LocatorSecrets
from brewslm.core.ports.source import Sources
from brewslm.core.ports.uploads import UploadStore


def connected_sources(settings: Settings, uploads: UploadStore, secrets: LocatorSecrets) -> Sources:
    """All sources that the settings allow."""
    web = WebFiles(
        limits=WebLimits(max_bytes=settings.max_source_bytes),
        is_private_allowed=settings.is_private_allowed,
        is_offline=settings.is_cut_off,
        proxies=settings.proxies,
    )
    hub = HubDatasets(max_bytes=settings.max_source_bytes, is_offline=settings.is_offline)
    uploaded = UploadedFiles(uploads.find)
    cloud = CloudFiles(max_bytes=settings.max_source_bytes, is_offline=settings.is_cut_off)
    kaggle = KaggleFiles(
        max_bytes=settings.max_source_bytes, is_offline=settings.is_cut_off, login=settings.kaggle_login
    )
    openers: dict[str, Opener] = {
        "http": web.open,
        "https": web.open,
        "hf": hub.open,
        "kaggle": kaggle.open,
        "upload": uploaded.open,
        **dict.fromkeys(cloud.schemes, cloud.open),
    }
    return DispatchedSources(LocalSources(), openers, reveal=secrets.reveal)
