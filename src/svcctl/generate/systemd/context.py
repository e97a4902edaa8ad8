"""What every part of the target decides from: the manifest, the options, and what follows from both at once."""

from __future__ import annotations

from dataclasses import dataclass

from svcctl.generate.systemd.addresses import family_of
from svcctl.generate.systemd.directives import INSTANCE, STATE_ROOT, Parts, Specifier
from svcctl.generate.systemd.listeners import Bound, collect
from svcctl.generate.systemd.names import check_service_name, directory_name, service_unit
from svcctl.generate.systemd.options import SystemdOptions
from svcctl.manifest.model import Manifest, Needs


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """One rendering's facts.

    Attributes:
        manifest: The application.
        options: The target's options.
        bounds: Its listeners.
        service: File name of the service unit.
        directory: Name of its folder under ``/var/lib`` and the like; with instances, below it one for each.
    """

    manifest: Manifest
    options: SystemdOptions
    bounds: tuple[Bound, ...]
    service: str
    directory: tuple[str | Specifier, ...]

    @property
    def needs(self) -> Needs:
        """What the application declares beyond its listeners."""
        return self.manifest.needs

    @property
    def name(self) -> str:
        """The application's name, for reasons."""
        return self.manifest.application.name

    @property
    def system(self) -> bool:
        """The units are for PID 1, not for a user's manager."""
        return self.options.scope == "system"

    @property
    def own(self) -> tuple[Bound, ...]:
        """The listeners that the service opens itself."""
        return () if self.options.sockets else self.bounds

    @property
    def own_ports(self) -> tuple[Bound, ...]:
        """Those of them that are no UNIX sockets."""
        return tuple(bound for bound in self.own if family_of(bound.endpoint) in ("inet", "inet6"))

    @property
    def static_user(self) -> bool:
        """The service runs as a user that exists while it does not run."""
        needs = self.needs
        return self.manifest.identity.uid is not None or needs.executable_state or needs.setgid_files

    @property
    def state_path(self) -> Parts:
        """The state folder as a unit refers to it."""
        return (STATE_ROOT, "/", *self.directory)


def make_context(manifest: Manifest, options: SystemdOptions) -> Context:
    """Return the facts of one rendering.

    Raises:
        UsageError: The options' name cannot be that of a unit.
        EndpointError: A listener's description does not parse.
    """
    check_service_name(options.name)
    folder = directory_name(manifest, options)
    return Context(
        manifest=manifest,
        options=options,
        bounds=collect(manifest, options),
        service=service_unit(options),
        directory=(f"{folder}/", INSTANCE) if options.instances else (folder,),
    )
