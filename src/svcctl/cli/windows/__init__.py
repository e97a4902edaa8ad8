"""The commands that are others on Windows, by the same names."""
