"""Floor 0: the Fetch standard's CORS protocol as pure functions and values. Standard library only, no I/O, no clock.

Each public name carries the standard's own term and its anchor. The text followed is the Living Standard of
2026-10; the algorithms of CORS have been stable in it for years, but step numbers hold for that text alone.
https://fetch.spec.whatwg.org/
"""
