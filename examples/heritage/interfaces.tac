"""The aspects of an application, each asked for by its interface. It listens nowhere.

Run it:  svcctl run examples/heritage/interfaces.tac
"""

from svcctl.application import service

application = service.Application("myapplication")
s = service.IService(application)
sc = service.IServiceCollection(application)
proc = service.IProcess(application)
