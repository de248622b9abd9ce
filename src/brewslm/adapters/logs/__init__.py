"""Logs of trainings, whoever wrote them, as observations."""
