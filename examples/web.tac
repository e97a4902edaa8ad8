"""Serves the files of a folder over HTTP on TCP port 8080. Needs the extra: svcctl[web].

The folder is the one named by the variable WEB_FOLDER, else ``public`` beside this file.

Run it:  svcctl run examples/web.tac
Talk:    curl http://localhost:8080/
"""

import os
from pathlib import Path

from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from svcctl.application import service
from svcctl.interop.asgi import ASGIService

folder = os.environ.get("WEB_FOLDER", Path(__file__).parent / "public")
site = Starlette(routes=[Mount("/", StaticFiles(directory=folder, html=True))])

application = service.Application(
    "web", description="Serves the files of a folder", needs={"environment": ["WEB_FOLDER"]}
)
ASGIService("tcp:8080", site).setServiceParent(application)
