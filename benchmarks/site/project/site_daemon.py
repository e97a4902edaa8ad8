"""The same for tools that package a distribution with a command."""

import uvloop
from aiohttp import web


async def hello(_: web.Request) -> web.Response:
    """Say so."""
    return web.Response(text=f"hello from {uvloop.__name__}\n")


def main() -> None:
    """Serve."""
    pages = web.Application()
    pages.router.add_get("/", hello)
    web.run_app(pages, port=8080, loop=uvloop.new_event_loop())
