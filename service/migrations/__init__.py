"""Migrations, embedded in the package and run at start by whoever starts first."""
