"""The service: REST API, worker and command line."""
