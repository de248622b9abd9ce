"""Files that come over HTTP."""
