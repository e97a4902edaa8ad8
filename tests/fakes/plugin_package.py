"""A package of somebody else's that brings a plug-in along, and beside it one that is broken: as a wheel."""

from __future__ import annotations

import zipfile
from pathlib import Path

FILES = {
    "greeting/__init__.py": """
from svcctl.application.service import ServiceMaker
maker = ServiceMaker("Greeter", "greeting.server", "Greets whoever connects.", "greet")
""",
    "greeting/server.py": """
from svcctl.application import strports, usage
from svcctl.application.protocol import Factory, Protocol

class Options(usage.Options):
    optFlags = [["loud", "l", "Use capital letters."]]
    optParameters = [
        ["port", "p", "tcp:7000", "Where to listen."],
        ["times", "t", 1, "How often to greet.", int, "greetings"],
    ]

    def parseArgs(self, word="hello"):
        self["word"] = word

class Greeter(Protocol):
    def connectionMade(self):
        self.transport.write(self.factory.text)
        self.transport.loseConnection()

class Greeters(Factory):
    protocol = Greeter

    def __init__(self, text):
        self.text = text

def makeService(options):
    word = options["word"].upper() if options["loud"] else options["word"]
    return strports.service(options["port"], Greeters((word + " ").encode() * options["times"]))
""",
    "greeting-1.5.dist-info/METADATA": "Metadata-Version: 2.1\nName: greeting\nVersion: 1.5\n",
    "greeting-1.5.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    "greeting-1.5.dist-info/entry_points.txt": "[svcctl.plugins]\ngreet = greeting:maker\nbad = greeting:absent\n",
}


def build(folder: Path) -> Path:
    """Make the wheel in a folder, and return its path."""
    wheel = folder / "greeting-1.5-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in FILES.items():
            archive.writestr(name, text)
        record = "".join(f"{name},,\n" for name in (*FILES, "greeting-1.5.dist-info/RECORD"))
        archive.writestr("greeting-1.5.dist-info/RECORD", record)
    return wheel
