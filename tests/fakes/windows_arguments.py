"""How programs of Windows split their command line, after Microsoft's description, independent of what joins it.

Source: "CommandLineToArgvW function" and "Parsing C command-line arguments" on learn.microsoft.com. Inside of a quoted
part two quotation marks in a row stand for one, as the newer C runtimes have it.
"""

from __future__ import annotations


def split(line: str) -> list[str]:
    """Return the program's name and its arguments."""
    program, place = _program(line)
    arguments = [program]
    while True:
        while line[place : place + 1] in (" ", "\t"):
            place += 1
        if place >= len(line):
            return arguments
        argument, place = _argument(line, place)
        arguments.append(argument)


def _program(line: str) -> tuple[str, int]:
    if line.startswith('"'):
        end = line.find('"', 1)
        return (line[1:], len(line)) if end < 0 else (line[1:end], end + 1)
    end = next((place for place, char in enumerate(line) if char <= " "), len(line))
    return line[:end], end


def _argument(line: str, place: int) -> tuple[str, int]:
    taken: list[str] = []
    quoted = False
    while place < len(line):
        char = line[place]
        if char in " \t" and not quoted:
            break
        run = len(line) - place - len(line[place:].lstrip("\\"))
        mark = line[place + run : place + run + 1] == '"'
        if not mark:
            taken.append(line[place : place + run] or char)
            place += run or 1
            continue
        taken.append("\\" * (run // 2))
        place += run + 1
        if run % 2:
            taken.append('"')
        elif quoted and line[place : place + 1] == '"':
            taken.append('"')
            place += 1
        else:
            quoted = not quoted
    return "".join(taken), place
