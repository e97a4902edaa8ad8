"""Says over HTTP which version it is."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from svcctl.application.service import Application
from svcctl.interop.asgi import ASGIService

VERSION = "1.0.0"


async def hello(_: Request) -> PlainTextResponse:
    """Answer a request."""
    return PlainTextResponse(f"{VERSION}\n")


application = Application(
    "NAME",
    description="Says hello over HTTP",
    version=VERSION,
    maintainer="Ann Example <ann@example.org>",
)
site = Starlette(routes=[Route("/", hello)])
ASGIService("tcp:8000:interface=127.0.0.1", site).setServiceParent(application)
