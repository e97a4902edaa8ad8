"""Shows the plug-ins that there are, and the options of one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from svcctl.application.options import text
from svcctl.application.options.reading import table_of
from svcctl.application.options.table import Command, Option
from svcctl.errors import SvcctlError
from svcctl.loading import plugins
from svcctl.loading.failure import raised
from svcctl.loading.plugin import Plugin


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginEntry:
    """One plug-in.

    Attributes:
        name: What one types.
        description: One line.
        distribution: Name and version of what brought it along.
    """

    name: str
    description: str
    distribution: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenEntry:
    """One that cannot be used.

    Attributes:
        name: What one would type.
        distribution: Name and version of what brought it along.
        reason: One line.
    """

    name: str
    distribution: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginListing:
    """All plug-ins.

    Attributes:
        plugins: Those that can be used, sorted by name.
        details: The same with their options.
        broken: The others.
    """

    plugins: tuple[PluginEntry, ...]
    details: tuple[PluginDetails, ...]
    broken: tuple[BrokenEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionEntry:
    """One option of a plug-in.

    Attributes:
        option: As one writes it, such as ``--port``.
        letter: Its letter, empty for none.
        value: It takes one.
        default: The value if it is not given, as a text; empty for none.
        units: What a number counts.
        choices: The only values that it takes; empty for any.
        required: It has to be given.
        repeatable: It may be given more than once.
        help: What it means.
    """

    option: str
    letter: str
    value: bool
    default: str
    units: str
    choices: tuple[str, ...]
    required: bool
    repeatable: bool
    help: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandEntry:
    """A sub-command of a plug-in.

    Attributes:
        command: Its name.
        help: What it does.
        options: What it takes.
    """

    command: str
    help: str
    options: tuple[OptionEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginDetails:
    """One plug-in with its options.

    Attributes:
        plugin: Which.
        options: What it takes.
        commands: Its sub-commands.
        usage: All of it as a text for people.
    """

    plugin: PluginEntry
    options: tuple[OptionEntry, ...]
    commands: tuple[CommandEntry, ...]
    usage: str


def list_plugins() -> PluginListing:
    """Return all plug-ins; each is loaded, to see whether it can be used."""
    found = plugins.find()
    details: list[PluginDetails] = []
    broken = [
        BrokenEntry(name=each.name, distribution=each.distribution, reason=each.reason)
        for each in found.broken
    ]
    for plugin in found.found.values():
        try:
            details.append(_details(plugin))
        except SvcctlError as error:
            broken.append(
                BrokenEntry(name=plugin.name, distribution=plugin.distribution, reason=error.message)
            )
    return PluginListing(
        plugins=tuple(each.plugin for each in details),
        details=tuple(details),
        broken=tuple(sorted(broken, key=lambda each: each.name)),
    )


def show_plugin(name: str) -> PluginDetails:
    """Return one plug-in with its options.

    Raises:
        UsageError: There is none of that name.
        ConfigurationError: Two distributions have one of that name, or it is no plug-in.
        ApplicationLoadError: Its code raised an error.
    """
    return _details(plugins.get(name))


def _details(plugin: Plugin) -> PluginDetails:
    try:
        table = table_of(plugin.options)
        program = f"svcctl run {plugin.name}"
        return PluginDetails(
            plugin=_entry(plugin),
            options=tuple(_option(each) for each in table.options),
            commands=tuple(_command(each) for each in table.commands),
            usage=f"{text.synopsis(table, program)}\n{text.body(table)}",
        )
    except SvcctlError:
        raise
    except Exception as error:  # noqa: BLE001 (its code can raise anything)
        raise raised(plugin.who, error) from None


def _entry(plugin: Plugin) -> PluginEntry:
    return PluginEntry(name=plugin.name, description=plugin.description, distribution=plugin.distribution)


def _option(option: Option) -> OptionEntry:
    return OptionEntry(
        option=option.flag,
        letter=option.short,
        value=option.takes,
        default="" if option.default is None or not option.takes else text.shown(option.default),
        units=option.units,
        choices=option.choices,
        required=option.required,
        repeatable=option.repeatable,
        help=" ".join(option.doc.split()),
    )


def _command(command: Command) -> CommandEntry:
    made: Any = command.parser
    return CommandEntry(
        command=command.name,
        help=command.doc,
        options=tuple(_option(each) for each in table_of(made).options),
    )
