"""What the entry points of svcctl's own plug-ins lead to; the code of each is imported when it is needed."""

from __future__ import annotations

from svcctl.application.options.maker import ServiceMaker

echo = ServiceMaker("Echo", "svcctl.plugins.echo", "Returns what it gets.", "echo")
portforward = ServiceMaker(
    "Port forwarder",
    "svcctl.plugins.portforward",
    "Passes connections on to another host or port.",
    "portforward",
)
procmon = ServiceMaker(
    "Process monitor",
    "svcctl.plugins.procmon",
    "Runs a program, and starts it again whenever it ends.",
    "procmon",
)
socks = ServiceMaker("SOCKS", "svcctl.plugins.socks", "A proxy for SOCKS 4, 4a and 5.", "socks")
web = ServiceMaker(
    "Web", "svcctl.plugins.web", "Serves the files of a folder, or an ASGI or WSGI application.", "web"
)
