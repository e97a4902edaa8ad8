"""Serves the files of the working directory over HTTP on TCP port 8080. Needs the extra: svcctl[web].

Run it:  svcctl run examples/heritage/service.tac
Talk:    curl http://127.0.0.1:8080/README.md
"""

import os

from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from svcctl.application import service
from svcctl.interop.asgi import ASGIService


def getWebService():
    """Return a server of the files below the working directory, ready to be given a parent."""
    fileServer = Starlette(routes=[Mount("/", StaticFiles(directory=os.getcwd(), html=True))])
    return ASGIService("tcp:8080", fileServer)


application = service.Application("Demo application")

service = getWebService()
service.setServiceParent(application)
