"""The marks that people see beside what was judged, and how wide a text is where nothing says so."""

PASSED, FAILED, NEITHER = "✓", "✗", "–"
MARK = "!"
"""Of a finding."""
WIDTH = 80
"""Columns."""
