"""``svcctl deb``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from svcctl.cli import as_json, options, present, requested

if TYPE_CHECKING:
    from svcctl.operations.deb import DebResult
    from svcctl.operations.packaging.request import DebRequest
    from svcctl.operations.request import InstallRequest

Output = Annotated[
    str,
    typer.Option(
        "--output", "-o", metavar="DIR", callback=options.not_empty, help="Folder for what is made."
    ),
]
Distribution = Annotated[
    str | None,
    typer.Option(
        "--distribution",
        metavar="NAME",
        callback=options.not_empty,
        help="bookworm or trixie; else this machine's.",
    ),
]
Requirements = Annotated[
    str,
    typer.Option(
        "--requirements",
        "-r",
        metavar="FILE",
        callback=options.not_empty,
        help="Take the distributions that FILE names, with digests.",
    ),
]
Project = Annotated[
    str,
    typer.Option(
        "--project",
        metavar="DIR",
        callback=options.not_empty,
        help="Take what the pyproject.toml in DIR names; else that beside APP.",
    ),
]
Extra = Annotated[
    list[str] | None,
    typer.Option("--extra", metavar="NAME", help="An extra of the project; repeatable."),
]
Wheels = Annotated[
    list[str] | None,
    typer.Option("--wheels", metavar="DIR", help="A folder with wheels; repeatable."),
]
Index = Annotated[bool, typer.Option("--index/--no-index", help="Look for wheels in pip's index, too.")]
Libraries = Annotated[
    str,
    typer.Option(
        "--libraries",
        metavar="DIR",
        callback=options.not_empty,
        help="The symbols files of another release, or a tree of it.",
    ),
]
Include = Annotated[
    list[str] | None,
    typer.Option("--include", metavar="PATH", help="A further file or folder beside APP; repeatable."),
]
Depend = Annotated[
    list[str] | None,
    typer.Option(
        "--depend",
        metavar="RELATION",
        help="A package that it needs, too, such as 'redis (>= 7)'; repeatable.",
    ),
]
SystemSite = Annotated[bool, typer.Option("--system-site", help="Let it see Debian's own Python packages.")]
SystemSvcctl = Annotated[
    bool, typer.Option("--system-svcctl", help="Depend on python3-svcctl instead of carrying it.")
]
Override = Annotated[
    list[str] | None,
    typer.Option(
        "--override",
        metavar="FIELD=VALUE",
        help="A field of [tool.svcctl.deb], such as section=web; repeatable.",
    ),
]
Source = Annotated[bool, typer.Option("--source", help="Make the source package for debhelper, too.")]
Sign = Annotated[bool, typer.Option("--sign", help="Sign with the key that gpg takes by itself.")]
SignKey = Annotated[
    str,
    typer.Option(
        "--sign-key", metavar="KEY", callback=options.not_empty, help="Sign with that key of gpg's."
    ),
]
Lint = Annotated[bool, typer.Option("--lint/--no-lint", help="Have lintian look at it, if it is there.")]
Check = Annotated[bool, typer.Option("--check", help="Also install and purge it in a throw-away tree.")]


@requested.service_options("user", "root", "systemd", "env_file")
def deb(  # noqa: PLR0913 (each is an option of the command)
    *,
    output: Output = ".",
    distribution: Distribution = None,
    requirements: Requirements = "",
    project: Project = "",
    extra: Extra = None,
    wheels: Wheels = None,
    index: Index = True,
    libraries: Libraries = "",
    include: Include = None,
    depend: Depend = None,
    system_site: SystemSite = False,
    system_svcctl: SystemSvcctl = False,
    override: Override = None,
    source: Source = False,
    sign: Sign = False,
    sign_key: SignKey = "",
    lint: Lint = True,
    check: Check = False,
    request: InstallRequest,
    json: options.Json = False,
) -> int:
    """Make a Debian package of APP, with all that it needs, its units and its user."""
    from svcctl.operations.packaging.request import DebRequest, Sources, known_release  # noqa: PLC0415 (kept out of --help)

    wanted = DebRequest(
        service=request,
        output=output,
        distribution=known_release(distribution),
        sources=Sources(requirements, project, tuple(extra or ()), tuple(wheels or ()), index, libraries),
        include=tuple(include or ()),
        depends=tuple(depend or ()),
        system_site=system_site,
        system_svcctl=system_svcctl,
        overrides=tuple(override or ()),
        source=source,
        sign=sign_key or ("-" if sign else ""),
        lint=lint,
        check=check,
    )
    return finish(wanted, json=json)


def finish(request: DebRequest, *, json: bool = False) -> int:
    """Make the package and show what came of it; return the exit status."""
    from svcctl.errors import EX_DATAERR  # noqa: PLC0415 (kept out of --help)
    from svcctl.operations.deb import make_package  # noqa: PLC0415 (the same)

    result = make_package(request, tell=present.say)
    if json:
        as_json.write(result)
    else:
        _tell(result)
    return EX_DATAERR if result.faults else 0


def _tell(result: DebResult) -> None:
    for line in present.diagnostic_lines(result.diagnostics):
        present.say(line)
    for problem in result.faults:
        present.say(f"error: {problem}")
    for line in result.lint.lines if result.lint is not None else ():
        present.say(f"  {present.plain(line)}")
    sys.stdout.writelines(f"{path}\n" for path in (result.path, *result.source))
    size = f"{result.size / 1e6:.2f} MB"
    present.say(f"{result.package} {result.version} for {result.architecture}: {size}; {_verdict(result)}")
    present.say(f"install it with: sudo apt install {result.path}")


def _verdict(result: DebResult) -> str:
    if result.lint is None:
        return "lintian has not looked at it"
    found = result.lint
    counts = ((found.errors, "errors"), (found.warnings, "warnings"), (found.infos, "infos"))
    return f"lintian {found.version}: {', '.join(f'{count} {what}' for count, what in counts)}"
