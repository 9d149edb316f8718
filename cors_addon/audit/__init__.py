"""What traffic shows of the security of servers."""
