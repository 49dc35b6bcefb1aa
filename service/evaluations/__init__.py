"""Evaluations: one judge over a dataset's rows, and how far it agrees with people."""
