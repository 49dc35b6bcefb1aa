"""Optimization runs: asked for by request, done by workers, kept with all their evidence."""
