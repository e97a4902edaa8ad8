"""How the tests ask for an upgrade from inside a machine."""

from __future__ import annotations

#: A program that asks the application ``keeper`` on a port, and fails unless the answer is a process id.
ASK = """import socket, sys
with socket.create_connection(("127.0.0.1", int(sys.argv[1])), 60) as client:
    client.sendall(b"upgrade\\n")
    with client.makefile() as reader:
        answer = reader.readline()
sys.exit(not answer.strip().isdigit())
"""
