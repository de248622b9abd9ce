"""What pytest should leave alone here: scripts for other environments."""

collect_ignore = ["peers"]
