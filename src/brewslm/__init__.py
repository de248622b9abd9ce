"""BrewSLM: from a person's data to a served small language model, in eleven explicit stages."""

__version__ = "0.1.0"
