"""Floor 1, the registry: every reason with its explanation, its usual causes, its fix and its spec anchor."""
