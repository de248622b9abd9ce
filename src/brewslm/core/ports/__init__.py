"""What the outside must be able to do. Each port has a real in-memory implementation in `tests/fakes`."""
