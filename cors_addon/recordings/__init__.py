"""Floor 6: recordings in files, read as they stream and judged as live traffic is."""
