"""Says what an application is, without running it."""

from __future__ import annotations

from typing import Literal

from svcctl.generate.graph.dot import draw_dot
from svcctl.generate.graph.svg import draw_svg
from svcctl.generate.graph.text import draw_text
from svcctl.manifest.model import Manifest
from svcctl.operations import preparation
from svcctl.operations.request import InstallRequest

Form = Literal["text", "dot", "svg"]

_DRAWINGS = {"text": draw_text, "dot": draw_dot, "svg": draw_svg}


def describe_application(request: InstallRequest) -> Manifest:
    """Return the manifest of an application.

    Its file is executed in a process of its own, as an unprivileged user where the caller is root.

    Args:
        request: The application, its interpreter and its variables; the rest has no say.

    Raises:
        SvcctlError: The application does not load or cannot be described, or its services cannot start in the order
            that they state.
    """
    return preparation.describe_requested(preparation.absolute(request)).manifest


def draw(manifest: Manifest, form: Form) -> str:
    """Return a drawing of an application's services and of the order in which they start.

    Args:
        manifest: What :func:`describe_application` has returned.
        form: ``text`` for a terminal, ``dot`` for Graphviz, ``svg`` for an image.

    Returns:
        Lines that end with a newline.
    """
    return _DRAWINGS[form](manifest)
