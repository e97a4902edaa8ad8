"""The receipt that a package brings, so that svcctl knows its application as it knows those that it has installed."""

from __future__ import annotations

from dataclasses import replace

from svcctl.generate.debian.environment import environment_file
from svcctl.generate.debian.model import Bundle, DebianOptions, ProgramFile
from svcctl.generate.debian.releases import RELEASES
from svcctl.generate.debian.render import script_facts
from svcctl.generate.systemd.render import unit_names
from svcctl.host.apply import digest
from svcctl.host.machine import PACKAGED_RECEIPTS, SYSTEM_DIRECTORIES
from svcctl.manifest import codec as manifests
from svcctl.manifest.model import Manifest
from svcctl.operations import planning, preparation
from svcctl.operations.packaging.units import systemd_options
from svcctl.operations.request import InstallRequest, to_options
from svcctl.plan import codec
from svcctl.plan.model import InstalledFile, Receipt, Rendering


def with_receipt(
    bundle: Bundle, manifest: Manifest, service: InstallRequest, options: DebianOptions, units: Rendering
) -> Bundle:
    """Return a bundle that has the receipt of its application, too.

    It belongs to the package: dpkg brings it, replaces it and takes it away.

    Args:
        bundle: The program.
        manifest: The application, with the paths of the package.
        service: What was asked for, with absolute paths.
        options: With every field filled in.
        units: The application's units.

    Raises:
        SvcctlError: As :func:`svcctl.generate.systemd.render.render`.
    """
    receipt = _receipt(bundle, manifest, service, options, units)
    content = codec.encode_receipt(receipt).encode()
    file = ProgramFile(path=f"{PACKAGED_RECEIPTS}/{receipt.name}.json", content=content)
    return replace(bundle, files=tuple(sorted((*bundle.files, file), key=lambda each: each.path)))


def _receipt(
    bundle: Bundle, manifest: Manifest, service: InstallRequest, options: DebianOptions, units: Rendering
) -> Receipt:
    release = RELEASES[options.distribution]
    systemd = systemd_options(service, options.package, release)
    names = unit_names(manifest, systemd)
    packaged = replace(service, application=systemd.application, python=systemd.python, name=systemd.name)
    return Receipt(
        name=systemd.name,
        scope="system",
        application=systemd.application,
        python=systemd.python,
        python_version=release.python,
        service=names.service,
        sockets=names.sockets,
        addresses=preparation.addresses(manifest, systemd, units, names),
        files=_files(bundle, manifest, options, units),
        directories=planning.directories(manifest, systemd, SYSTEM_DIRECTORIES),
        manifest_digest=manifests.digest(manifest),
        manifest=manifests.encode(manifest),
        options=to_options(packaged),
        package=options.package,
    )


def _files(
    bundle: Bundle, manifest: Manifest, options: DebianOptions, units: Rendering
) -> tuple[InstalledFile, ...]:
    """Return the files that were made for it; those that it came with are known to dpkg alone."""
    payload = script_facts(options, bundle, units).payload
    made = [InstalledFile(path=file.path, digest=digest(file.content)) for file in payload.files]
    if payload.environment_file:
        content = environment_file(manifest, payload)
        made.append(InstalledFile(path=payload.environment_file, digest=digest(content), conffile=True))
    return tuple(made)
