"""The only room that knows everyone: it reads the settings and plugs adapters into services."""
