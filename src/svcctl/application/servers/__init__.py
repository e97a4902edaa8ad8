"""Listening: sockets bound or inherited, and accepting connections without losing any."""
