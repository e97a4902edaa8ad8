"""Saving applications to files, and loading them: what is in a file, who may have written it, and how."""
