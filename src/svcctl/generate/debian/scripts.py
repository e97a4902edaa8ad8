"""The maintainer scripts: what debhelper's snippets do, but an upgrade has nobody refused.

It leaves the sockets open, and where it can be has a new process take over while the old one serves.

Each can run again at any point. Nothing starts against the administrator's policy: units are enabled by
deb-systemd-helper, which remembers what they had disabled, and started by deb-systemd-invoke, which asks policy-rc.d
and leaves disabled and masked units alone. A service that does not start is told loudly and fails no installation.
Source: Debian policy, sections 6, 9.3.3 and 10.8; deb-systemd-helper(1p), deb-systemd-invoke(1p), py3compile(1).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from svcctl.generate.debian.model import RemovedConffile, ScriptName
from svcctl.generate.debian.payload import SYSTEM_UNITS, Payload
from svcctl.generate.debian.private import interpreter
from svcctl.generate.debian.shell import block, comment, target, word, words

_HEAD = ("#!/bin/sh", "set -e")
_CONFIGURED = '[ "$1" = configure ] || [ "$1" = abort-upgrade ] || [ "$1" = abort-deconfigure ] || [ "$1" = abort-remove ]'
_HERE = '[ -z "${DPKG_ROOT:-}" ]'
_RUNNING = f"{_HERE} && [ -d /run/systemd/system ]"
_ROOT = '${DPKG_ROOT:+--root="$DPKG_ROOT"}'

#: What a socket unit says about its sockets; when it changes, they have to be opened anew.
_LISTENS = r"'^(Listen[A-Za-z]*|BindIPv6Only|BindToDevice|Socket(User|Group|Mode|Protocol)) *='"

#: The units of a package that are no templates, among the paths of its files.
_UNIT_FILES = f"'^{SYSTEM_UNITS}/[^/@]*$'"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptFacts:
    """What the scripts depend on.

    Attributes:
        package: Name of the package.
        payload: Its units.
        python_folders: Absolute paths of the folders with its Python code.
        removed_conffiles: Files in ``/etc`` that it no longer has.
    """

    package: str
    payload: Payload
    python_folders: tuple[str, ...] = ()
    removed_conffiles: tuple[RemovedConffile, ...] = ()


def scripts(facts: ScriptFacts) -> dict[ScriptName, str]:
    """Return the scripts that have something to do, by name."""
    parts: dict[ScriptName, list[str]] = {
        "preinst": [*_conffile_steps(facts), *_remember_units(facts)],
        "postinst": [*_conffile_steps(facts), *_configure(facts)],
        "prerm": [*_conffile_steps(facts), *_stop(facts), *_clean(facts)],
        "postrm": [*_conffile_steps(facts), *_removed(facts), *_purge(facts)],
    }
    return {name: _script(lines) for name, lines in parts.items() if lines}


def debhelper_scripts(facts: ScriptFacts) -> dict[ScriptName, str]:
    """Return what the scripts do besides debhelper's snippets, which take the place of ``#DEBHELPER#``.

    Its snippets make users and folders, enable units, purge what the helpers remember and forget conffiles. How
    services are started, restarted and stopped is told here: no snippet of its leaves a socket open and opens it anew
    where it listens elsewhere, restarts instances, or says what did not start. Source: dh_installsystemd(1),
    dh_installdeb(1).
    """
    parts: dict[ScriptName, tuple[list[str], list[str]]] = {
        "preinst": ([*_remember_units(facts)], []),
        "postinst": ([*_if_configured(*_bytecode(facts))], [*_if_configured(*_start(facts))]),
        "prerm": ([*_stop(facts), *_clean(facts)], []),
        "postrm": ([], [*_stop_left(facts), *_forget(facts), *_if_purged(*_delete(facts.payload))]),
    }
    return {
        name: _script([*before, "", "#DEBHELPER#", *after])
        for name, (before, after) in parts.items()
        if before or after
    }


def _script(lines: list[str]) -> str:
    return "\n".join((*_HEAD, *lines)) + "\n"


def _conffile_steps(facts: ScriptFacts) -> Iterator[str]:
    for removed in facts.removed_conffiles:
        what = words((removed.path, removed.last_version, facts.package))
        yield f'dpkg-maintscript-helper rm_conffile {what} -- "$@"'


def _single(units: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(unit for unit in units if "@" not in unit)


def _startable(units: tuple[str, ...]) -> tuple[str, ...]:
    """Return names that systemctl acts on: all running instances stand for a template."""
    return tuple(unit.replace("@.", "@*.") for unit in units)


def _remember_units(facts: ScriptFacts) -> Iterator[str]:
    if not facts.payload.units:
        return
    package, folder = word(facts.package), _memory(facts)
    variables = facts.payload.environment_file
    yield ""
    yield comment("The units of the old version, and when they came to lie there; postinst compares.")
    yield f'if {_HERE} && [ "$1" = upgrade ]; then'
    yield "	# What runs is the version before, also if others were unpacked since and never configured."
    yield f"	if [ ! -d {folder} ]; then"
    yield f"		mkdir -p {folder}/system {folder}/default"
    units = f"$(dpkg-query --listfiles {package} | grep {_UNIT_FILES})"
    yield f"		for path in {' '.join((units, *([word(variables)] if variables else [])))}; do"
    yield '			if [ -f "$path" ]; then'
    yield "				kind=${path%/*}"
    yield f'				copy={folder}/"${{kind##*/}}/${{path##*/}}"'
    yield '				cp "$path" "$copy"'
    yield '				touch -d "@$(stat -c %.Z "$path")" "$copy"'
    yield from ("			fi", "		done", "	fi", "fi")


def _memory(facts: ScriptFacts) -> str:
    """Return the folder, root's alone to write to, that is there from preinst to postinst."""
    return word(f"/run/{facts.package}.upgrade")


def _configure(facts: ScriptFacts) -> Iterator[str]:
    steps = (
        *_users(facts),
        *_bytecode(facts),
        *_folders(facts),
        *_enable(facts.payload.units),
        *_start(facts),
    )
    yield from _if_configured(*steps)


def _if_configured(*lines: str) -> Iterator[str]:
    if lines:
        yield from ("", f"if {_CONFIGURED}; then", *block(*lines), "fi")


def _start(facts: ScriptFacts) -> Iterator[str]:
    if facts.payload.units:
        yield from (f"if {_RUNNING}; then", "	systemctl --system daemon-reload >/dev/null || true", "fi")
        yield from (f"if {_HERE}; then", *block(*_compare_units(facts)), "fi")
        yield from (f"if {_RUNNING}; then", *block(*_start_lines(facts)), "fi")
        yield from (f"if {_HERE}; then", f"	rm -rf {_memory(facts)}", "fi")


def _users(facts: ScriptFacts) -> Iterator[str]:
    for name in facts.payload.sysusers:
        yield comment("Without its user the service cannot run: this may fail.")
        yield f"systemd-sysusers {_ROOT} {word(name)}"


def _bytecode(facts: ScriptFacts) -> Iterator[str]:
    if facts.python_folders:
        yield comment(
            "A file that does not compile is a template of somebody's, or fails when it is imported."
        )
        yield f"if {_HERE} && command -v py3compile >/dev/null; then"
        yield from block(
            *(f"py3compile -p {word(facts.package)} {word(path)} || true" for path in facts.python_folders)
        )
        yield "fi"


def _folders(facts: ScriptFacts) -> Iterator[str]:
    if facts.payload.tmpfiles:
        yield "if command -v systemd-tmpfiles >/dev/null; then"
        yield f"	systemd-tmpfiles {_ROOT} --create {words(facts.payload.tmpfiles)} >/dev/null || true"
        yield "fi"


def _enable(units: tuple[str, ...]) -> Iterator[str]:
    lines = (
        "# Only a mask that the helper itself has made.",
        'deb-systemd-helper unmask "$unit" >/dev/null || true',
        'if deb-systemd-helper --quiet was-enabled "$unit"; then',
        '	deb-systemd-helper enable "$unit" >/dev/null || true',
        "else",
        '	deb-systemd-helper update-state "$unit" >/dev/null || true',
        "fi",
    )
    if len(units) == 1:
        yield from (f"unit={word(units[0])}", *lines)
    elif units:
        yield from (f"for unit in {words(units)}; do", *block(*lines), "done")


def _start_lines(facts: ScriptFacts) -> Iterator[str]:
    units = facts.payload.units
    advice = f"some of its units did not start: see systemctl status {words(_startable(units))}"
    yield "failed="
    yield 'if [ "$1" = configure ] && [ -n "$2" ]; then'
    yield from block(*_upgrade_lines(facts))
    singles = _single(units)
    if singles:
        yield "else"
        yield f"	deb-systemd-invoke start {words(singles)} >/dev/null || failed=yes"
    yield "fi"
    yield 'if [ -n "$failed" ]; then'
    yield f"	echo {word(f'{facts.package}: {advice}')} >&2"
    yield "fi"


def _compare_units(facts: ScriptFacts) -> Iterator[str]:
    if not facts.payload.units:
        return
    folder = _memory(facts)
    yield from ("listens() {", f'	grep -E {_LISTENS} "$1" || true', "}")
    yield "changed="
    yield f"for before in {folder}/system/*; do"
    yield '	unit="${before##*/}"'
    yield '	if [ ! -f "$before" ]; then'
    yield "		continue"
    yield f'	elif [ ! -f "{SYSTEM_UNITS}/$unit" ]; then'
    yield "		# The new version has no such unit."
    yield "		if [ -d /run/systemd/system ]; then"
    yield '			deb-systemd-invoke stop "$unit" >/dev/null || true'
    yield "		fi"
    yield '		deb-systemd-helper purge "$unit" >/dev/null || true'
    yield f'	elif [ "$(listens "$before")" != "$(listens "{SYSTEM_UNITS}/$unit")" ]; then'
    yield '		changed="$changed $unit"'
    yield from ("	fi", "done")


def _upgrade_lines(facts: ScriptFacts) -> Iterator[str]:
    payload = facts.payload
    own = interpreter(facts.package)
    taken_over = [name for name, python in payload.interpreters if python == own and "@" not in name]
    others = words(_startable(tuple(unit for unit in payload.services if unit not in taken_over)))
    yield comment("A socket stays open, and its clients wait, unless it listens elsewhere now.")
    yield 'restart="$changed"'
    for unit in taken_over:
        yield comment("Nobody waits where a new process can take over from the one that runs.")
        command = f"{word(own)} -I -m svcctl.runtime.takeover {word(unit)} {_memory(facts)}"
        yield f'if [ -n "$changed" ] || ! {command}; then'
        yield f'	restart="$restart {word(unit)}"'
        yield "fi"
    lines = [
        comment("Names of units hold no blanks."),
        "# shellcheck disable=SC2086",
        f"deb-systemd-invoke restart $restart {others}".rstrip() + " >/dev/null || failed=yes",
    ]
    yield from lines if others else ('if [ -n "$restart" ]; then', *block(*lines), "fi")
    sockets = _single(payload.sockets)
    if sockets:
        yield f"deb-systemd-invoke start {words(sockets)} >/dev/null || failed=yes"


def _stop(facts: ScriptFacts) -> Iterator[str]:
    units = _startable(facts.payload.units)
    if units:
        yield ""
        yield comment("Not on an upgrade: the old process serves until the new one is configured.")
        yield f'if {_RUNNING} && [ "$1" = remove ]; then'
        yield f"	deb-systemd-invoke stop {words(units)} >/dev/null || true"
        yield "fi"


def _clean(facts: ScriptFacts) -> Iterator[str]:
    if not facts.python_folders:
        return
    yield from ("", f"if {_HERE}; then", "	if command -v py3clean >/dev/null; then")
    yield from block(
        *(f"py3clean -p {word(facts.package)} {word(path)}" for path in facts.python_folders), depth=2
    )
    yield "	else"
    yield f"		find {words(facts.python_folders)} -type d -name __pycache__ -prune -exec rm -rf {{}} +"
    yield from ("	fi", "fi")


def _removed(facts: ScriptFacts) -> Iterator[str]:
    if not facts.payload.units:
        return
    yield from _stop_left(facts)
    yield from ("", f'if {_RUNNING} && [ "$1" = remove ]; then')
    yield "	systemctl --system daemon-reload >/dev/null || true"
    yield "fi"
    yield from _forget(facts)


def _stop_left(facts: ScriptFacts) -> Iterator[str]:
    units = words(_startable(facts.payload.units))
    if units:
        yield ""
        yield comment("What was unpacked and never configured is removed without its prerm.")
        yield f'if {_RUNNING} && [ "$1" = remove ] && systemctl --quiet is-active {units}; then'
        yield f"	deb-systemd-invoke stop {units} >/dev/null || true"
        yield "fi"


def _forget(facts: ScriptFacts) -> Iterator[str]:
    if not facts.payload.units:
        return
    yield comment("What preinst left, if the upgrade has come to nothing.")
    yield f'if {_HERE} && [ "$1" != upgrade ]; then'
    yield f"	rm -rf {_memory(facts)}"
    yield "fi"


def _purge(facts: ScriptFacts) -> Iterator[str]:
    lines = []
    if facts.payload.units:
        lines += ["if command -v deb-systemd-helper >/dev/null; then"]
        lines += [f"	deb-systemd-helper purge {words(facts.payload.units)} >/dev/null || true", "fi"]
    yield from _if_purged(*lines, *_delete(facts.payload))


def _if_purged(*lines: str) -> Iterator[str]:
    if lines:
        yield from ("", 'if [ "$1" = purge ]; then', *block(*lines), "fi")


def _delete(payload: Payload) -> Iterator[str]:
    for path in payload.folders:
        yield f"rm -rf {target(path)} || true"
    for store in ("/etc/credstore", "/etc/credstore.encrypted"):
        for name in payload.credentials:
            yield f"rm -f {target(f'{store}/{name}')}"
    for path in payload.configuration:
        yield from (
            f"if [ -d {target(path)} ]; then",
            f"	rmdir --ignore-fail-on-non-empty {target(path)}",
            "fi",
        )
