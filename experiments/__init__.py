"""Experiments: running, tracking and reporting optimizations, and the benchmarks."""
