"""Forecasts of trainings, and how they came out."""
