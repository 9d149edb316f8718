"""Floor 3: policies: read and validated, applied to header lists, tried in the shadow, learned, handed to servers."""
