"""Runs one application in the foreground and tells the init system the truth about it."""
