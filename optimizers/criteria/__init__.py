"""Criteria, and assertions for them: matrices of what assertions say, and how sets of them are chosen."""
