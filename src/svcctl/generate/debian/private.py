"""Where a package has its application: the file, and a virtual environment with the distributions that it needs.

The environment is one of the release's own python3: what runs in it sees the package's distributions and, unless it
is asked for, none of the system's; and so does every process that it starts with ``sys.executable``, as it would where
the application was written.
Source: PEP 405 (``pyvenv.cfg``); Debian's Python policy, section 3.1.1; Debian policy, sections 9.1.1 and 10.5
(links within ``/usr`` are relative).
"""

from __future__ import annotations

from posixpath import dirname, relpath

from svcctl.generate.debian.model import ProgramFile

_INTERPRETER = "/usr/bin/python3"


def environment_folder(package: str) -> str:
    """Return the folder of a package's virtual environment."""
    return f"/usr/lib/{package}"


def application_folder(package: str) -> str:
    """Return the folder of the application's own files, which the environment does not have."""
    return f"/usr/share/{package}"


def interpreter(package: str) -> str:
    """Return the path of the interpreter that sees the package's distributions."""
    return f"{environment_folder(package)}/bin/python3"


def site_packages(package: str, python: str) -> str:
    """Return the folder of the package's distributions.

    Example:
        >>> site_packages("echo", "3.11")
        '/usr/lib/echo/lib/python3.11/site-packages'
    """
    return f"{environment_folder(package)}/lib/python{python}/site-packages"


def environment_files(package: str, python: str, *, system_site: bool) -> tuple[ProgramFile, ...]:
    """Return what makes a folder a virtual environment.

    Args:
        package: Name of the package.
        python: Minor version of the release's python3.
        system_site: Also show it the distributions of Debian's own packages.
    """
    settings = (
        "home = /usr/bin",
        f"include-system-site-packages = {str(system_site).lower()}",
        f"version = {python}",
    )
    content = "".join(f"{line}\n" for line in settings).encode()
    return (
        ProgramFile(path=interpreter(package), link=relpath(_INTERPRETER, dirname(interpreter(package)))),
        ProgramFile(path=f"{environment_folder(package)}/pyvenv.cfg", content=content),
    )
