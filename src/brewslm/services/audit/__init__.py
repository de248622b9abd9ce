"""Is what the ledger says still true? Re-computes hashes of events, bodies and files, and names what does not fit."""
