"""Datagrams: ports on the loop, and the services that have one."""
