"""Real servers with exported policies."""
