"""Face one, HTTP: the same services as the terminal, for programs and for the Studio. It loads no torch."""
