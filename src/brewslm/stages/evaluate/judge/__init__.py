"""Answers of base and tuned before a judge, and what the judge's word is worth."""
