"""Libraries that play a browser, run for real: what each asks through mitmdump, of a server that answers by a table."""
