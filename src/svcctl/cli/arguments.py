"""Commands whose APP may be a plug-in: what stands behind it on the command line is the plug-in's own."""

from __future__ import annotations

import re
from typing import Any

import typer
from typer.core import TyperCommand

_META = "svcctl.arguments"
_UNKNOWN = re.compile(r"there is no option (-\S+)")


class PluginCommand(TyperCommand):
    """A command that leaves what follows the name of a plug-in to the plug-in.

    With any other APP, its options may stand behind it as well as before.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 (the class is Click's, or Typer's copy)
        """Take the plug-in's arguments away, and read the rest."""
        from svcctl.loading.target import is_plugin  # noqa: PLC0415 (kept out of --help)

        ctx.allow_interspersed_args = False
        try:
            found, rest, _ = self.make_parser(ctx).parse_args(list(args))
        finally:
            ctx.allow_interspersed_args = True
        name = next(each.name for each in self.params if each.param_type_name == "argument")
        if isinstance(found.get(name), str) and is_plugin(found[name]):
            own = len(args) - len(rest)
            ctx.meta[_META] = tuple(rest)
            args = args[:own]
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 (as above; what the command returns)
        """Run the command; say where its own options stand if a plug-in was given one."""
        from svcctl.errors import UsageError  # noqa: PLC0415 (kept out of --help)

        try:
            return super().invoke(ctx)
        except UsageError as error:
            unknown = _UNKNOWN.match(error.message)
            ours = {name for each in self.params for name in (*each.opts, *each.secondary_opts)}
            if given(ctx) and unknown is not None and unknown[1] in ours:
                error.hint = f"the options of svcctl {self.name} stand before the plug-in's name"
            raise

    def collect_usage_pieces(self, ctx: Any) -> list[str]:  # noqa: ANN401 (as above)
        """Return what the first line of the help shows behind the command."""
        return [*super().collect_usage_pieces(ctx), "[ARGUMENT]..."]


def given(context: typer.Context) -> tuple[str, ...]:
    """Return what stands behind the plug-in's name."""
    found: tuple[str, ...] = context.meta.get(_META, ())
    return found
