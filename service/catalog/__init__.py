"""What a request can choose from: strategies and models."""
