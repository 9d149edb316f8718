"""The witness: a script in pages and workers that tells what only they see, and what becomes of its word."""
