"""Runs inside the peers' own environments: the standard library, the peer, and nothing of the house."""
