"""From core models to what a person reads."""
