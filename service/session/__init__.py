"""Signing in with a key, for web pages: they cannot keep one and show it with every request."""
