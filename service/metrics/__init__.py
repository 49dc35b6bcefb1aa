"""Counters of all processes, gathered in the database, and their exposition for Prometheus."""
