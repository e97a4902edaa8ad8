"""Adapters for applications that were written for something else. Each module is a leaf and needs an extra."""
