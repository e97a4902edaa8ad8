"""What an application *is*: the pure, serialisable description that every generator consumes.

:mod:`svcctl.manifest.model` holds the values, :mod:`svcctl.manifest.codec` turns them to canonical JSON and back,
:mod:`svcctl.manifest.schema` is the JSON Schema of that text, :mod:`svcctl.manifest.validation` checks the values.
"""
