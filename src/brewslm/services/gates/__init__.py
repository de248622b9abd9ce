"""The gates at the end of stages: asking, holding, deciding."""
