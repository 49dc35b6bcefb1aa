"""The ways to find candidates, one file each, behind `registry`."""
