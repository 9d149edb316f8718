"""Floor 5: judgements as text for people and lines for machines. Nothing here knows mitmproxy."""
