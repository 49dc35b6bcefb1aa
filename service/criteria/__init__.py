"""Criteria of a dataset, assertions that check them, and how both fit people's labels."""
