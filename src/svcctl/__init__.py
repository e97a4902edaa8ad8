"""Run, install and control Python network applications as services of the operating system.

What a ``.tac`` file imports is under :mod:`svcctl.application`; everything else serves the ``svcctl`` command.
"""

__version__ = "0.1.0"
