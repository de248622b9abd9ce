"""Face two, the terminal: it works without a server, and every command is a question to the services."""
