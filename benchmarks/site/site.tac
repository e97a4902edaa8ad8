"""Says hello on TCP port 8080."""

import uvloop
from aiohttp import web

from svcctl.application import service


async def hello(_: web.Request) -> web.Response:
    """Say so."""
    return web.Response(text=f"hello from {uvloop.__name__}\n")


class Site(service.Service):
    """The server."""

    async def startService(self) -> None:
        """Listen."""
        pages = web.Application()
        pages.router.add_get("/", hello)
        self.runner = web.AppRunner(pages)
        await self.runner.setup()
        await web.TCPSite(self.runner, port=8080).start()

    async def stopService(self) -> None:
        """Finish what was begun."""
        await self.runner.cleanup()


application = service.Application("site", description="Says hello to whoever asks", version="1.0.0")
Site().setServiceParent(application)
