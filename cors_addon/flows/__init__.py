"""Floor 5: mitmproxy's flows as observations, for live traffic and for dumps alike."""
