"""Connecting: attempts, connections, and the services that keep them."""
