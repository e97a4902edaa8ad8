"""Records as JSON: frozen dataclasses and NamedTuples to text and back, by their type hints alone.

What is read may come from anybody, so nothing is guessed or converted: an unknown name, a wrong type, a number with
a fraction or too large is a problem, with its path (``tree.children[2].listeners[0].endpoint``), and all of them are
collected.
"""
