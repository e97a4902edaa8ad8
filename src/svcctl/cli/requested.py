"""The options that say what service an application is to be, for every command that asks for one."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, get_type_hints

import typer

from svcctl.cli import arguments, options

if TYPE_CHECKING:
    from svcctl.operations.request import InstallRequest


def service_options(*left_out: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a decorator that gives a command the argument APP and the options of a service.

    The command takes them as one parameter ``request``, an :class:`~svcctl.operations.request.InstallRequest`; its help
    has them where that stands.

    Args:
        left_out: Parameters of :func:`_request` that make no sense for the command.
    """

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        shared = [each for each in _parameters(_request) if each.name not in left_out]
        own = _parameters(command)
        at = next(place for place, each in enumerate(own) if each.name == "request")
        asked = [*own[:at], *shared, *own[at + 1 :]]

        @functools.wraps(command)
        def with_options(**given: Any) -> Any:  # noqa: ANN401 (whatever the command takes and returns)
            request = _request(**{each.name: given.pop(each.name) for each in shared})
            return command(request=request, **given)

        with_options.__annotations__ = {each.name: each.annotation for each in asked}
        vars(with_options)["__signature__"] = inspect.Signature(asked)
        return with_options

    return decorate


def _parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    """Return the parameters of a function with what their annotations mean."""
    hints = get_type_hints(function, localns={"InstallRequest": object}, include_extras=True)
    found = inspect.signature(function).parameters.values()
    return [each.replace(kind=each.KEYWORD_ONLY, annotation=hints[each.name]) for each in found]


def _request(  # noqa: PLR0913 (each is an option)
    context: typer.Context,
    app: options.App,
    *,
    name: options.UnitName = None,
    python: options.Python = None,
    user: options.UserScope = False,
    root: options.Root = "",
    systemd: options.SystemdVersion = None,
    sockets: options.Sockets = True,
    env: options.Env = None,
    env_file: options.EnvFile = None,
    set_: options.Set = None,
    after: options.After = None,
    requires: options.Requires = None,
    instances: options.Instances = False,
    listen: options.Listen = None,
    passphrase: options.Passphrase = None,
) -> InstallRequest:
    from svcctl.operations.request import InstallRequest, pair, setting  # noqa: PLC0415 (kept out of --help)

    command = context.info_name or ""
    return InstallRequest(
        application=app,
        arguments=arguments.given(context),
        name=name,
        python=python,
        scope="user" if user else "system",
        root=root,
        systemd_version=systemd,
        sockets=sockets,
        environment=options.each(env, pair, "--env", command),
        environment_files=tuple(env_file or ()),
        settings=options.each(set_, setting, "--set", command),
        after=tuple(after or ()),
        requires=tuple(requires or ()),
        instances=instances,
        listen=options.each(listen, pair, "--listen", command),
        passphrase=passphrase,
    )
