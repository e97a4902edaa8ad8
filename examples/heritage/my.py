"""A factory of log observers: everything goes into a file of its own.

Use it:  svcctl run --logger my.logger examples/heritage/echo.tac
"""

from svcctl.application.log import FileLogObserver


def logger():
    """Return an observer that writes into the file."""
    return FileLogObserver(open("/tmp/my.log", "w")).emit
