"""Floor 4: observations in, judgements out: audited, settled, and the last revision of each kept where asked for."""
