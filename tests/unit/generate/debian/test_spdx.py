from __future__ import annotations

import pytest

from svcctl.generate.debian.spdx import licence_of
from svcctl.generate.debian.wheel import Metadata

BSD = "Redistribution and use in source and binary forms, with or without modification, are permitted\nprovided that"
MIT = "Copyright\n\nPermission is hereby granted, free of charge, to any person\nobtaining a copy of this software"
APPROVED = "License :: OSI Approved :: "


def said(
    *classifiers: str, expression: str = "", licence: str = "", texts: tuple[tuple[str, str], ...] = ()
) -> str:
    """Return the licence of a distribution that says this of itself."""
    return licence_of(
        Metadata(
            name="x", version="1", licence_expression=expression, licence=licence, classifiers=classifiers
        ),
        texts,
    )


def test_an_expression_is_taken_as_it_is() -> None:
    """Whatever else is said."""
    expression = "(MIT OR Apache-2.0) AND LicenseRef-Own"
    assert said(f"{APPROVED}BSD License", expression=expression, licence="GPL") == expression


@pytest.mark.parametrize(
    ("licence", "expected"),
    [
        ("MIT", "MIT"),
        ("The MIT License", "MIT"),
        ("Apache 2.0", "Apache-2.0"),
        ("apache-2.0", "Apache-2.0"),
        ("3-Clause BSD", "BSD-3-Clause"),
        ("MIT OR Apache-2.0", "MIT OR Apache-2.0"),
        ("BSD-3-Clause AND MIT", "BSD-3-Clause AND MIT"),
        ("MIT OR BSD-3-Clause AND ISC", ""),
        ("see the file", ""),
        ("MIT OR something", ""),
    ],
)
def test_known_names_in_the_field_are_translated(licence: str, expected: str) -> None:
    """Others say nothing, nor do mixed operators: what binds closer is anybody's guess."""
    assert said(licence=licence) == expected


def test_classifiers_count_where_the_field_says_nothing() -> None:
    """All of them have to be kept to."""
    assert said(f"{APPROVED}MIT License", licence="see LICENSE") == "MIT"
    assert said(f"{APPROVED}MIT License", f"{APPROVED}Apache Software License") == "Apache-2.0 AND MIT"
    assert said("License :: DFSG approved", f"{APPROVED}ISC License (ISCL)") == "ISC"
    assert said("Programming Language :: Python") == ""


def test_a_classifier_of_several_licences_is_settled_by_the_text() -> None:
    """Which of the BSD licences it is, it does not say."""
    two = (("LICENSE", f"{BSD} the following"),)
    three = (("LICENSE", f"{BSD} ... Neither the name of the owner"),)
    assert said(f"{APPROVED}BSD License", texts=two) == "BSD-2-Clause"
    assert said(f"{APPROVED}BSD License", texts=three) == "BSD-3-Clause"
    assert said(f"{APPROVED}BSD License") == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (MIT, "MIT"),
        ("Apache License\n   Version 2.0, January 2004", "Apache-2.0"),
        ("Mozilla Public License Version 2.0", "MPL-2.0"),
        ("All rights reserved.", ""),
    ],
)
def test_a_text_is_known_by_one_of_its_sentences(text: str, expected: str) -> None:
    """As a file, and in the field itself."""
    assert said(texts=(("LICENSE", text), ("AUTHORS", "Ann"))) == expected
    assert said(licence=f"{text}\nand more") == expected
