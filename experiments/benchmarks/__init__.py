"""What the service is measured by: `python -m experiments.benchmarks workers`, results in `results/`."""
