"""Datasets: examples, labels and the snapshots that runs are tied to."""
