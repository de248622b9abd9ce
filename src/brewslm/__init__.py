"""BrewSLM: from a person's data to a served small language model, in eleven explicit stages."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from brewslm.sdk import Client, create_brew, create_trainer

    __version__: str

__all__ = ["Client", "__version__", "create_brew", "create_trainer"]


def __getattr__(name: str) -> object:
    """Load what users import when they do, because the rooms of the house need none of it."""
    if name not in __all__:
        message = f"module 'brewslm' has no attribute {name!r}"
        raise AttributeError(message)
    if name == "__version__":
        from importlib.metadata import version

        return version("brewslm")
    from brewslm import sdk

    found: object = getattr(sdk, name)
    return found
