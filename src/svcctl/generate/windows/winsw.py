"""The application for WinSW, a wrapper of other people's that runs any program as a service.

Not tried by us: it needs .NET, and no test here runs it. It reports RUNNING as soon as the process exists. Source:
WinSW's ``docs/xml-config-file.md``.
"""

from __future__ import annotations

import re

from svcctl.generate.windows.definition import runner
from svcctl.generate.windows.markup import comment, element, text_element
from svcctl.plan.command_line import quote
from svcctl.plan.windows import WindowsService

_NOT_TRIED = (
    "Not tried by us: WinSW says that the service runs when its process exists, not when it is ready."
)


def winsw(service: WindowsService) -> str:
    """Return the configuration of WinSW for a service."""
    hosted = service.hosted
    startup = "Manual" if service.start == "manual" else "Automatic"
    arguments = (*runner(bundled=False), *hosted.arguments) if hosted.in_process else hosted.arguments
    parts = [
        comment(_NOT_TRIED),
        text_element("id", service.name),
        text_element("name", service.display_name),
        text_element("description", service.description),
        text_element("executable", hosted.python),
        text_element("arguments", " ".join(map(quote, arguments))),
        text_element("workingdirectory", hosted.directory),
        *(element("env", {"name": name, "value": value}) for name, value in hosted.environment),
        *(text_element("depend", name) for name in service.dependencies),
        text_element("startmode", startup),
        text_element("stoptimeout", _seconds(hosted.stop_limit_ms)),
        element("onfailure", {"action": "restart", "delay": _seconds(hosted.first_pause_ms)}),
        text_element("logpath", hosted.log.rpartition("\\")[0]),
        element("serviceaccount", {}, text_element("username", service.account)),
    ]
    if service.start == "delayed":
        parts.append(text_element("delayedAutoStart", "true"))
    return '<?xml version="1.0" encoding="utf-8"?>\n' + element("service", {}, *parts)


def expands(configuration: str) -> bool:
    """Return whether there is something in a configuration that WinSW may take for the name of a variable."""
    return re.search("%[^%\n]+%", configuration) is not None


def _seconds(milliseconds: int) -> str:
    """Return a time as WinSW reads it, whole seconds and no less than was asked for."""
    return f"{-(-milliseconds // 1000)} sec"
