"""The service tree, under the names that users of Twisted's application framework know.

A ``.tac`` file imports :mod:`svcctl.application.service`, :mod:`~svcctl.application.internet`,
:mod:`~svcctl.application.strports`, :mod:`~svcctl.application.protocol` and :mod:`~svcctl.application.wire`.
:mod:`svcctl.application.lifecycle` starts and stops a tree.
"""
