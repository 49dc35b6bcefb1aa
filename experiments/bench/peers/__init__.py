"""Ways to find a judge, side by side: each peer is a file."""
