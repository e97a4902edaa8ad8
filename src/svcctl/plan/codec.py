"""The receipt as canonical JSON."""

from __future__ import annotations

from svcctl.plan.model import Receipt
from svcctl.records.text import from_text, to_text


def encode_receipt(receipt: Receipt) -> str:
    """Return a receipt as canonical JSON: sorted names, no blanks, no newline at the end.

    Raises:
        ProblemsError: A value is not of its field's type.
    """
    return to_text(receipt)


def decode_receipt(text: str) -> Receipt:
    """Return the receipt that a JSON text holds.

    Raises:
        ProblemsError: It holds none; collects every problem, up to 200.
    """
    return from_text(text, Receipt)
