"""Options in the framework's manner: what a command line may look like, and what becomes of it."""

# ruff: noqa: RUF012 (declared as users of the framework do it)

from __future__ import annotations

import sys

import pytest

from svcctl.application import usage
from svcctl.application.options.asked import HelpRequestedError
from svcctl.application.options.reading import read_options, table_of
from svcctl.application.usage import Options, UsageError, portCoerce
from svcctl.errors import SvcctlError


class Base(Options):
    """What the options below share."""

    optFlags = [["quiet", "q", "Say less."]]


class Server(Base):
    """Every kind of declaration."""

    optFlags = [["no_cache", None, "Keep nothing."], ["utc", "u"]]
    optParameters = [
        ["port", "p", 8013, "Port to listen on.", portCoerce],
        ["dest-host", "h", "localhost", "Where to."],
        ["wait", "w", 1.5, "How long to wait.", float, "seconds"],
        ["name"],
    ]
    longdesc = """
    Serves.
      And indents.
    """

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self.rest: tuple[str, ...] = ()
        self.posted = False

    def opt_shout(self) -> None:
        """Be loud."""
        self.said.append("shout")

    def opt_say_this(self, text: str) -> None:
        """Say a text."""
        self.said.append(text)

    opt_s = opt_say_this

    def opt_number(self, text: str) -> None:
        """Take a number."""
        self["number"] = int(text)

    def parseArgs(self, *words: str) -> None:
        """Keep the words."""
        self.rest = words

    def postOptions(self) -> None:
        """Take note."""
        self.posted = True


def parsed(*words: str) -> Server:
    """Return the options of a command line."""
    options = Server()
    options.parseOptions(list(words))
    return options


def refused(*words: str) -> UsageError:
    """Return why a command line is refused."""
    with pytest.raises(UsageError) as caught:
        parsed(*words)
    assert caught.value.exit_status == 64
    assert caught.value.hint
    assert "\n" not in str(caught.value)
    return caught.value


class Wordy(Options):
    """Has much to say."""

    longdesc = """
    A paragraph whose first line is rather longer than what comes after it, which is
    short.

      An example stays as it is,
      line by line.
    - one thing,
    - another, and this item goes on
    below.
    """


def test_the_text_at_the_end_of_the_help_is_wrapped_by_paragraphs() -> None:
    """However long its lines are in the source; examples and items of lists stay lines of their own."""
    about = Wordy().getUsage(width=60).partition("\n\n")[2]
    assert about.splitlines() == [
        "A paragraph whose first line is rather longer than what",
        "comes after it, which is short.",
        "",
        "  An example stays as it is,",
        "  line by line.",
        "- one thing,",
        "- another, and this item goes on below.",
    ]


def test_without_words_the_values_are_the_defaults() -> None:
    """Flags are off; a parameter without a default has none; nothing is coerced."""
    options = parsed()
    assert options == {
        "quiet": False,
        "no_cache": False,
        "utc": False,
        "port": 8013,
        "dest-host": "localhost",
        "wait": 1.5,
        "name": None,
    }
    assert options.posted
    assert options.opts is options
    assert isinstance(options, dict)
    assert len({options, Server()}) == 2


@pytest.mark.parametrize(
    ("words", "key", "value"),
    [
        (["--port", "80"], "port", 80),
        (["--port=80"], "port", 80),
        (["-p", "80"], "port", 80),
        (["-p80"], "port", 80),
        (["-qup80"], "port", 80),
        (["-qu"], "utc", True),
        (["--po", "80"], "port", 80),
        (["--no-cache"], "no_cache", True),
        (["--no_cache"], "no_cache", True),
        (["--dest_host=x"], "dest-host", "x"),
        (["--dest-host=a=b"], "dest-host", "a=b"),
        (["--name="], "name", ""),
        (["--name", "--port"], "name", "--port"),
        (["--wait=2"], "wait", 2.0),
        (["--port=1", "--port=2"], "port", 2),
        (["--quiet"], "quiet", True),
    ],
)
def test_an_option_may_be_written_in_any_of_these_ways(words: list[str], key: str, value: object) -> None:
    """With a blank or ``=``, bundled, shortened, with ``-`` or ``_``; the last one counts."""
    assert parsed(*words)[key] == value


def test_methods_are_options_and_their_signature_says_whether_they_take_a_value() -> None:
    """A second name of one letter is the letter."""
    options = parsed("--shout", "--say-this", "a", "-s", "b", "--say_this=c", "--number=5")
    assert options.said == ["shout", "a", "b", "c"]
    assert options["number"] == 5


@pytest.mark.parametrize(
    ("words", "rest"),
    [
        (["-q", "sleep", "-p", "1"], ("sleep", "-p", "1")),
        (["--", "-q"], ("-q",)),
        (["-q", "-", "--utc"], ("-", "--utc")),
        (["x", "--", "y"], ("x", "--", "y")),
    ],
)
def test_options_end_at_the_first_word_that_is_none(words: list[str], rest: tuple[str, ...]) -> None:
    """What follows may be the command line of another program."""
    assert parsed(*words).rest == rest


@pytest.mark.parametrize(
    ("words", "said", "hint"),
    [
        (["--prot=80"], "there is no option --prot", "did you mean --port?"),
        (["--xyz"], "there is no option --xyz", "--help lists"),
        (["-x"], "there is no option -x", "--help lists"),
        (["-qx"], "there is no option -x (in -qx)", "--help lists"),
        (["--n"], "--n may be --name or --no-cache or --number", "write more"),
        (["--port"], "--port needs a value", "--help"),
        (["-p"], "-p needs a value", "--help"),
        (["--utc=yes"], "--utc takes no value, so '--utc=yes' is none", "write --utc"),
        (["--port=http"], "--port: 'http' cannot be used: it is no port", "from 0 to 65535"),
        (["--port=65536"], "--port: '65536' cannot be used", "from 0 to 65535"),
        (["--wait=long"], "--wait: 'long' is not a number of seconds", "--help"),
        (["--number=x"], "--number: 'x' cannot be used: invalid literal", "--help"),
    ],
)
def test_a_word_of_no_use_is_named(words: list[str], said: str, hint: str) -> None:
    """In one line, with what to do."""
    error = refused(*words)
    assert said in str(error)
    assert hint in error.hint


def test_words_behind_the_options_have_to_fit_what_takes_them() -> None:
    """Nothing takes any unless the class says so; missing ones are told, too."""

    class Pair(Options):
        def parseArgs(self, host: str, port: str = "80") -> None:
            """Keep them."""
            self["where"] = (host, port)

    pair = Pair()
    pair.parseOptions(["a"])
    assert pair["where"] == ("a", "80")
    with pytest.raises(UsageError, match=r"there is nothing, expected HOST \[PORT\]"):
        Pair().parseOptions([])
    with pytest.raises(UsageError, match="there is 'a' 'b' 'c', expected"):
        Pair().parseOptions(["a", "b", "c"])
    with pytest.raises(UsageError, match="there is 'a', expected nothing"):
        Base().parseOptions(["a"])


def test_an_error_of_a_type_inside_a_hook_is_not_taken_for_a_wrong_number_of_words() -> None:
    """It is a mistake of the class and stays what it is."""

    class Broken(Options):
        def parseArgs(self) -> None:
            """Fail."""
            raise TypeError("mine")

    with pytest.raises(TypeError, match="mine"):
        Broken().parseOptions([])


class Add(Options):
    """The options of a sub-command."""

    optParameters = [["to", "t", None, "Where to."]]

    def parseArgs(self, what: str) -> None:
        """Keep what."""
        self["what"] = what


class Store(Options):
    """Options with sub-commands."""

    optFlags = [["dry", None, "Only say it."]]
    subCommands = [["add", "a", Add, "Add something."], ["list", None, Base, "List all."]]


def test_a_sub_command_has_options_of_its_own() -> None:
    """By its name or its shorter one; both know each other."""
    for name in ("add", "a"):
        store = Store()
        store.parseOptions(["--dry", name, "-t", "shelf", "book"])
        assert store["dry"]
        assert store.subCommand == "add"
        assert store.subOptions == {"to": "shelf", "what": "book"}
        assert store.subOptions.parent is store


def test_a_sub_command_may_be_the_default() -> None:
    """It is meant if none is named; without one, none is chosen."""

    class Lister(Store):
        defaultSubCommand = "list"

    lister = Lister()
    lister.parseOptions([])
    assert lister.subCommand == "list"
    assert lister.subOptions == {"quiet": False}
    store = Store()
    store.parseOptions([])
    assert store.subCommand is None


def test_an_unknown_sub_command_is_told_with_those_there_are() -> None:
    """One line."""
    with pytest.raises(UsageError, match="there is no command 'remove'") as caught:
        Store().parseOptions(["remove"])
    assert caught.value.hint == "write one of: add, list"


def test_a_hook_refuses_with_the_error_of_the_module() -> None:
    """It is the one that svcctl's own commands raise: status 64."""

    class Picky(Options):
        def postOptions(self) -> None:
            """Refuse."""
            raise usage.UsageError("I do not like it")

    with pytest.raises(SvcctlError, match="I do not like it") as caught:
        Picky().parseOptions([])
    assert caught.value.exit_status == 64
    assert usage.error is UsageError


def test_the_help_has_every_option_with_units_and_defaults() -> None:
    """And the text at its end, with its own indentation."""
    options = read_options(Server, [], "svcctl run server")
    assert options.getSynopsis() == "Usage: svcctl run server [options] [WORDS …]"
    lines = options.getUsage().splitlines()
    assert "  -p, --port=VALUE          Port to listen on. (a port is a whole number from 0" in lines
    assert "  -w, --wait=SECONDS        How long to wait. [default: 1.5 seconds]" in lines
    assert "  -q, --quiet               Say less." in lines
    assert "  -s, --say-this=VALUE      Say a text." in lines
    assert lines[-2:] == ["Serves.", "  And indents."]
    assert str(options) == f"{options.getSynopsis()}\n{options.getUsage()}"
    assert max(map(len, lines)) <= 79
    assert max(map(len, options.getUsage(60).splitlines())) <= 60


def test_help_is_raised_and_not_printed() -> None:
    """Who asked for it writes it to stdout; nothing is wrong."""
    with pytest.raises(HelpRequestedError, match="--dest-host") as caught:
        parsed("--help")
    assert caught.value.exit_status == 0
    with pytest.raises(HelpRequestedError, match=r"^svcctl [0-9]"):
        parsed("--version")
    with pytest.raises(HelpRequestedError, match=r"^Usage: svcctl run store add .*WHAT\n"):
        read_options(Store, ["add", "--help"], "svcctl run store")


def test_the_help_of_sub_commands_lists_them() -> None:
    """With their shorter names."""
    store = read_options(Store, [], "store")
    assert store.getSynopsis() == "Usage: store [options] COMMAND …"
    assert "    add, a                  Add something." in store.getUsage().splitlines()


def test_a_synopsis_by_hand_is_the_first_line() -> None:
    """As the framework's users write it."""

    class Own(Options):
        synopsis = "Usage: mine [and only mine]"

    assert Own().getSynopsis() == "Usage: mine [and only mine]"


def test_the_words_of_the_process_are_read_if_none_are_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """As scripts do it that use the class alone."""
    monkeypatch.setattr(sys, "argv", ["/usr/bin/server", "-p", "80"])
    options = Server()
    options.parseOptions()
    assert options["port"] == 80
    assert options.getSynopsis().startswith("Usage: server ")


def test_declarations_of_a_class_replace_those_of_its_bases() -> None:
    """Also the two methods that every class has."""

    class Own(Server):
        optParameters = [["port", "P", 1, "Mine.", int], ["version", None, "2", "Of the protocol."]]

    options = Own()
    options.parseOptions(["--version=3", "-P", "7"])
    assert (options["port"], options["version"]) == (7, "3")
    assert [each.doc for each in table_of(Own).options if each.name == "port"] == ["Mine."]


def test_a_method_with_too_many_parameters_is_a_mistake_of_the_class() -> None:
    """It is told by its name."""

    class Wrong(Options):
        def opt_two(self, first: str, second: str) -> None:
            """Nobody can call it."""

    with pytest.raises(TypeError, match="opt_two takes more than one argument"):
        Wrong().parseOptions([])
