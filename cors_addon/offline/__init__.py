"""Top floor: recordings in files, read as they stream and judged as live traffic is."""
