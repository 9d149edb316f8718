"""Floor 3: what traffic shows of the security of servers."""
