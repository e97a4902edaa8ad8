"""Never gets ready."""

from svcctl.application import service


class Failing(service.Service):
    """Says why."""

    def startService(self) -> None:
        """Fail."""
        raise RuntimeError("no luck")


application = service.Application("fail")
Failing().setServiceParent(application)
