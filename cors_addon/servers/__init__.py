"""Who answered: signatures of CORS implementations, and their own settings."""
