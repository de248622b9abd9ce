"""`https:` and `http:` sources."""

import shutil
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]  # not in the stubs

from brewslm.adapters.sources.refusals import cancelled, refused, unreachable
from brewslm.adapters.sources.web.address import WebAddress, parse_address
from brewslm.adapters.sources.web.addresses import Resolver, resolve_by_system
from brewslm.adapters.sources.web.limits import WebLimits
from brewslm.core.ports.source import Fetch, OpenedSource, SourceFile

if TYPE_CHECKING:
    import httpcore2


class WebFiles:
    """Opens web addresses by downloading what lies there."""

    def __init__(
        self,
        *,
        limits: WebLimits | None = None,
        is_private_allowed: bool = False,
        is_offline: bool = False,
        proxies: Mapping[str, str] | None = None,
        resolve: Resolver = resolve_by_system,
        sockets: "httpcore2.NetworkBackend | None" = None,
    ) -> None:
        """Bind the settings.

        Args:
            limits: of one download.
            is_private_allowed: whether addresses within networks may be asked.
            is_offline: whether the network is not to be used.
            proxies: scheme to the address of a proxy; under `no`, the hosts that are asked without.
            resolve: who knows the addresses of a host.
            sockets: makes connections to addresses; the system's where None.
        """
        self._limits = limits or WebLimits()
        self._is_private_allowed = is_private_allowed
        self._is_offline = is_offline
        self._proxies = dict(proxies or {})
        self._resolve = resolve
        self._sockets = sockets

    def open(self, locator: str, fetch: Fetch) -> OpenedSource:
        """Download the file.

        Raises:
            SourceError: it cannot be had, or may not.
            DiskFullError: there is no space for it.
            CancelledError: `fetch.is_cancelled` said so.
        """
        import httpcore2

        from brewslm.adapters.sources.web.download import Download
        from brewslm.adapters.sources.web.transport import CheckedBackend, Watch

        address = parse_address(locator)
        if self._is_offline:
            raise unreachable(f"{address.shown} is not fetched: BREWSLM_OFFLINE is set. Unset it, or give a path.")

        def raise_if_cancelled() -> None:
            if fetch.is_cancelled():
                raise cancelled(address.shown)

        path = fetch.folder / "download"
        limits = self._limits.model_copy(update={"free_bytes": shutil.disk_usage(fetch.folder).free})
        watch = Watch(limits, raise_if_cancelled)
        sockets = self._sockets or httpcore2.SyncBackend()
        backend = CheckedBackend(watch, sockets, is_private_allowed=self._is_private_allowed, resolve=self._resolve)
        proxy = self._proxy_of(address)
        with httpcore2.ConnectionPool(
            network_backend=backend,
            max_keepalive_connections=0,
            proxy=httpcore2.Proxy(proxy) if proxy else None,
        ) as pool:
            download = Download(pool, watch, limits, fetch.progress)
            download.fetch(address, path)
        return OpenedSource(files=(SourceFile(path=path.absolute(), name=download.name),), name=address.shown)

    def _proxy_of(self, address: WebAddress) -> str | None:
        """The proxy to go through. It would look up names itself, so it is used only where nothing has to be checked.

        Raises:
            SourceError: there is one, and addresses have to be checked.
        """
        proxy = self._proxies.get(address.scheme) or self._proxies.get("all")
        if not proxy or proxy_bypass_environment(address.authority, self._proxies):
            return None
        if not self._is_private_allowed:
            message = (
                f"{address.shown} would be fetched through the proxy of {address.scheme.upper()}_PROXY, which looks up "
                "names itself, so that its address cannot be checked. Set BREWSLM_ALLOW_PRIVATE_SOURCES=1 to trust the "
                f"proxy, or add {address.host!r} to NO_PROXY to connect directly."
            )
            raise refused(message)
        return proxy
