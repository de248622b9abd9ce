"""Endpoints: which releases answer, who may ask, and how it goes."""
