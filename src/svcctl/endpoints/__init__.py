"""Endpoint descriptions: where a service listens, as text and as values.

:mod:`svcctl.endpoints.values` holds the values, :mod:`svcctl.endpoints.grammar` parses and formats the text.
Nothing here opens a socket.
"""
