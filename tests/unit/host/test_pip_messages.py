from __future__ import annotations

from svcctl.errors import Problem
from svcctl.host import pip_messages


def test_only_what_is_about_a_choice_is_asked_again() -> None:
    """Details would not tell more of other errors."""
    assert pip_messages.is_about_choice("ERROR: No matching distribution found for one==1.0\n")
    assert not pip_messages.is_about_choice("ERROR: No space left on device\n")


def test_an_error_of_another_kind_is_passed_on() -> None:
    """Once, without colours; if there is none, that is said."""
    text = "Looking\n\x1b[31mERROR: Could not open it\x1b[0m\nERROR: Could not open it\n"
    assert pip_messages.problems(text) == (Problem("pip", "Could not open it"),)
    assert pip_messages.problems("") == (Problem("pip", "it gave no reason"),)


def test_a_python_without_pip_is_told() -> None:
    """With what to do about it."""
    found = pip_messages.problems("/usr/bin/python3: No module named pip\n")
    assert found == (Problem("pip", "No module named pip"),)
    assert "python3-pip" in pip_messages.hint(found)


def test_names_are_compared_in_any_spelling() -> None:
    """A requirement may write it differently from the file."""
    text = (
        "  Skipping link: none of the wheel's tags (cp312-cp312-win32) are compatible: "
        "https://host.example/My_App-1.0-cp312-cp312-win32.whl#sha256=ab (from https://host.example/my-app/)\n"
        "ERROR: No matching distribution found for my.app>=1\n"
    )
    (problem,) = pip_messages.problems(text)
    assert problem.where == "my.app>=1"
    assert problem.message.endswith("My_App-1.0-cp312-cp312-win32.whl")


def test_a_conflict_is_told_in_full() -> None:
    """Each line of it, and nothing behind it."""
    text = (
        "The conflict is caused by:\n    one 1.0 depends on two==1\n    three 1.0 depends on two==2\n\n"
        "To fix this you could try to:\n1. loosen the range\nERROR: ResolutionImpossible: for help visit\n"
    )
    assert pip_messages.problems(text) == (
        Problem("conflict", "one 1.0 depends on two==1; three 1.0 depends on two==2"),
    )
