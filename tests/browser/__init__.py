"""Differential testing: random CORS exchanges, judged by a real browser and by the addon, compared line by line."""
