from __future__ import annotations

import pytest

from svcctl.errors import UsageError
from svcctl.generate.systemd.directives import (
    INSTANCE,
    STATE_ROOT,
    Assignment,
    Boolean,
    Command,
    Duration,
    GlobPath,
    Number,
    Octal,
    Paths,
    RawPath,
    Text,
    Url,
    Value,
    Variable,
    Verbatim,
    Words,
)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (Text("100 % é"), "100 %% é"),
        (Text(("echo ", INSTANCE)), "echo %i"),
        (RawPath("/srv/two words/100%"), "/srv/two words/100%%"),
        (RawPath("/etc/x", optional=True), "-/etc/x"),
        (GlobPath("/etc/[a]*?\\x%"), "/etc/\\[a]\\*\\?\\\\x%%"),
        (GlobPath("/etc/x", optional=True), "-/etc/x"),
        (Paths(("/usr", "/a b", '/say "x"\\y')), '-/usr "-/a b" "-/say \\"x\\"\\\\y"'),
        (Paths(("/",), optional=False), "/"),
        (Paths((("/a ", INSTANCE),)), '"-/a %i"'),
        (Paths(((STATE_ROOT, "/a"),)), "-%S/a"),
        (Url('https://x/a%20"b'), '"https://x/a%%20\\"b"'),
        (Words(("a.service", ("b@", INSTANCE, ".socket"))), "a.service b@%i.socket"),
        (Words(), ""),
        (
            Command("/bin/a b", ("-x", "", "%", "$HOME", ";", "a\nb")),
            '"/bin/a b" -x "" %% "$$HOME" ";" "a\\nb"',
        ),
        (Command("/bin/kill", ("-HUP", (Variable("MAINPID"),))), "/bin/kill -HUP $MAINPID"),
        (Command("/bin/%n", ("\x01\x7f",)), '/bin/%%n "\\x01\\x7f"'),
        (Assignment("A", "b"), "A=b"),
        (Assignment("A", 'b "c" $d %e \\ \t'), '"A=b \\"c\\" $d %%e \\\\ \\t"'),
        (Assignment("A", ""), "A="),
        (Duration(90_000), "90s"),
        (Duration(1_500), "1500ms"),
        (Duration(0), "0s"),
        (Boolean(value=True), "yes"),
        (Boolean(value=False), "no"),
        (Number(50), "50"),
        (Octal(0o77), "0077"),
        (Verbatim("~@resources %i"), "~@resources %i"),
        (Verbatim(""), ""),
    ],
)
def test_each_type_writes_its_value_in_its_own_way(value: Value, written: str) -> None:
    """Quotes, doubled signs and prefixes depend on the type alone."""
    assert value.render("Directive") == written


@pytest.mark.parametrize(
    "value",
    [
        Text("a\nExecStart=/bin/false"),
        Text("a\rb"),
        Text("ends with a backslash\\"),
        Text(" blank"),
        Text("\udcff"),
        RawPath("/a\nb"),
        RawPath("/blank "),
        GlobPath("/a\tb"),
        GlobPath("/a\\"),
        Paths(("/a\nb",)),
        Paths(("relative",)),
        Paths(("",)),
        Url("a\nb"),
        Paths(("/\udcff",)),
        Words(("two words",)),
        Words(("",)),
        Words(("%n",)),
        Words(("a\n",)),
        Command("relative"),
        Command("/bin/it's"),
        Command("/bin/$x"),
        Command("/bin/a\n"),
        Command("/bin/a", ("\0",)),
        Command("/bin/a", ("\udcff",)),
        Assignment("A", "\0"),
        Assignment("A B", "c"),
        Assignment("A=B", "c"),
        Assignment("", "c"),
        Assignment("A\n", "c"),
        Duration(-1),
        Number(-1),
        Octal(0o10000),
        Verbatim("a\nb"),
        Verbatim(" a"),
        Verbatim("a\\"),
    ],
)
def test_a_value_that_a_directive_cannot_hold_is_an_error_that_names_it(value: Value) -> None:
    """Nothing is dropped or altered in silence."""
    with pytest.raises(UsageError, match=r"^Directive= cannot hold ") as caught:
        value.render("Directive")
    assert "\n" not in str(caught.value)


def test_a_long_value_is_shortened_in_the_error() -> None:
    """The error stays one readable line."""
    with pytest.raises(UsageError) as caught:
        Text("x" * 10_000 + "\n").render("Description")
    assert len(str(caught.value)) < 250
