"""Ten rooms, eleven doors, one shape: a contract, a runbook, ideas of their own. They never open into each other."""
