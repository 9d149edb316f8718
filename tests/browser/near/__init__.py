"""Browser truth for what stops an answer beside CORS: cases, the three browsers' own word, and the comparison."""
