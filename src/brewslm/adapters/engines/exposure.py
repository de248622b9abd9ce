"""Which of Ray's processes on this machine can be reached from others."""

import psutil

_OURS = ("raylet", "gcs_server", "dashboard", "ray::", "ray.", "default_worker", "log_monitor", "runtime_env")


def open_listeners() -> tuple[str, ...]:
    """Return the listening sockets of Ray's processes here that are not on the loopback, as `name on address:port`.

    Processes of other users are left out where the system does not show them.
    """
    found = set()
    for process in psutil.process_iter(["name", "cmdline"]):
        words = " ".join(process.info["cmdline"] or ())
        if "ray" not in words or not any(one in words or one in process.info["name"] for one in _OURS):
            continue
        try:
            sockets = process.net_connections("tcp")
        except psutil.Error:
            continue
        found |= {
            f"{process.info['name']} on {one.laddr.ip}:{one.laddr.port}"
            for one in sockets
            if one.status == psutil.CONN_LISTEN and not is_loopback(one.laddr.ip)
        }
    return tuple(sorted(found))


def is_loopback(address: str) -> bool:
    """Whether only this machine reaches an address, also one of IPv4 written as IPv6."""
    return address == "::1" or address.removeprefix("::ffff:").startswith("127.")
