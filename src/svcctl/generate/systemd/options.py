"""What the systemd target has to be told beyond the manifest: facts about the machine and choices of its owner."""

from __future__ import annotations

from dataclasses import dataclass

from svcctl.plan.model import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemdOptions:
    """How and where an application becomes units.

    Attributes:
        name: Name of the units, without suffix.
        scope: ``system`` for PID 1, ``user`` for a user's manager.
        version: The oldest systemd that the units have to work with, such as 252.
        application: What to run: an absolute path, ``module:attribute`` or the name of a plug-in.
        arguments: What the plug-in is given.
        python: Absolute path of the interpreter.
        exec_paths: Absolute paths of the files and folders, beyond those of the system, from which the
            interpreter and its libraries are executed or mapped.
        unit_directory: Absolute path of the folder the units are written to.
        sysusers_directory: The same for the file that declares a static user.
        sockets: Let systemd open the listeners and hand them over (socket activation).
        environment: Variables, in order; anybody on the machine can read them.
        environment_files: Absolute paths of files of variables that come after ``/etc/default/NAME``; one that
            starts with ``-`` may be missing.
        settings: Section, directive and value by hand, in systemd's own syntax; see
            :mod:`svcctl.generate.systemd.settings`.
        after: Units that are started first.
        requires: Units that are started first and without which this one does not run.
        instances: Write template units (``NAME@.service``).
        listen: Name of a listener's descriptor, and the address its socket unit gets in the syntax of
            ``ListenStream=``; with ``instances``, ``%i`` stands for the instance.
        passphrase_file: Absolute path of the file with the passphrase of a saved application; empty if it has none.
        made_by: The command that makes the units, to be named in them.
    """

    name: str
    scope: Scope
    version: int
    application: str
    python: str
    arguments: tuple[str, ...] = ()
    exec_paths: tuple[str, ...] = ()
    unit_directory: str = "/etc/systemd/system"
    sysusers_directory: str = "/etc/sysusers.d"
    sockets: bool = True
    environment: tuple[tuple[str, str], ...] = ()
    environment_files: tuple[str, ...] = ()
    settings: tuple[tuple[str, str, str], ...] = ()
    after: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    instances: bool = False
    listen: tuple[tuple[str, str], ...] = ()
    passphrase_file: str = ""
    made_by: str = "svcctl install"
