"""Floor 4: judgements as text for people and lines for machines. Nothing here knows mitmproxy."""
