"""Floor 2: many exchanges: pairing, redirect chains, a preflight cache per client, contradictions. Sans-IO."""
