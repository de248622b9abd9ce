"""How a record becomes an example: pure functions, shared so that what introspection forecasts is what mapping does."""
