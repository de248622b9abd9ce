"""The limited process that parses untrusted files, and the one that watches over it."""
