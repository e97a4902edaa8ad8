"""Generators: pure functions from a manifest and a target's options to files."""
