"""The plug-in ``procmon``: keeps a program running."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from svcctl.application import usage
from svcctl.application.options.values import seconds
from svcctl.application.procmon import ProcessMonitor
from svcctl.errors import UsageError


class Options(usage.Options):
    """The options, as the framework's plug-in has them."""

    optParameters = (
        ("threshold", "t", 1.0, "How long it has to run for a restart without a delay.", seconds, "seconds"),
        ("killtime", "k", 5.0, "How long it has to end before it is killed.", seconds, "seconds"),
        ("minrestartdelay", "m", 1.0, "The first delay before a restart.", seconds, "seconds"),
        (
            "maxrestartdelay",
            "M",
            3600.0,
            "The longest delay; each is twice the one before.",
            seconds,
            "seconds",
        ),
    )
    longdesc = (
        "Runs COMMANDLINE, and starts it again whenever it ends. Its output goes to the log. It gets the\n"
        "environment of svcctl; no shell reads its arguments."
    )

    def parseArgs(self, *commandline: str) -> None:
        """Keep the program and its arguments."""
        self["args"] = commandline

    def postOptions(self) -> None:
        """Refuse what cannot work."""
        if not self["args"]:
            raise UsageError("there is no command line to run", hint="write it behind the options")
        if self["minrestartdelay"] > self["maxrestartdelay"]:
            raise UsageError(
                f"--minrestartdelay {self['minrestartdelay']:g} is longer than --maxrestartdelay "
                f"{self['maxrestartdelay']:g}",
                hint="make the first delay the shorter one",
            )


def makeService(options: Mapping[str, Any]) -> ProcessMonitor:
    """Return the monitor."""
    monitor = ProcessMonitor()
    monitor.threshold = options["threshold"]
    monitor.killTime = options["killtime"]
    monitor.minRestartDelay = options["minrestartdelay"]
    monitor.maxRestartDelay = options["maxrestartdelay"]
    program, *arguments = options["args"]
    path = Path(program)
    # A path counts from where the command was typed, not from where the monitor will run.
    monitor.addProcess(path.name, [path.absolute() if "/" in program else program, *arguments], env=None)
    return monitor
