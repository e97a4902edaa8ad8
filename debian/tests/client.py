"""Ask the echo example, and end with a status other than 0 unless it answers."""

import socket
import sys

with socket.create_connection(("127.0.0.1", 8007), timeout=20) as client:
    client.sendall(b"hello")
    sys.exit(client.recv(5, socket.MSG_WAITALL) != b"hello")
