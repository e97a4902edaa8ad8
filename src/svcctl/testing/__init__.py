"""A fake init system for tests: it runs an application as systemd would, without root, and writes down what happens.

:mod:`svcctl.testing.init` has what tests call, :mod:`svcctl.testing.events` what they find in the transcript.
"""
