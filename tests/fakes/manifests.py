"""Manifests that pass every check, to be changed by tests."""

from __future__ import annotations

from svcctl.manifest.model import ApplicationInfo, Listener, Manifest, Origin, ServiceNode


def echo_manifest() -> Manifest:
    """Return the manifest of an application with one TCP server."""
    server = ServiceNode(
        path="echo/tcp",
        kind="stream-server",
        class_name="svcctl.application.internet.TCPServer",
        listeners=(Listener(name="tcp-8007", endpoint="tcp:8007"),),
    )
    return Manifest(
        application=ApplicationInfo(name="echo", description="Gibt zurück, was kommt"),
        tree=ServiceNode(
            path="echo", kind="collection", class_name="svcctl.MultiService", children=(server,)
        ),
        origin=Origin(kind="tac", digest="0" * 64),
    )
