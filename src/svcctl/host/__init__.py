"""Applies plans to a machine: the only part that writes files, runs tools and keeps receipts."""
