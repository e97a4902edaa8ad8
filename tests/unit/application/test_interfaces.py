"""The interfaces: typing protocols that also adapt."""

from __future__ import annotations

from typing import Any

import pytest

from svcctl.application.interfaces import IProcess, IService, IServiceCollection
from svcctl.application.service import Application, MultiService, Service
from tests.unit.application.trees import Plain


def adapt(interface: Any, candidate: object) -> Any:  # noqa: ANN401 (whatever answers the interface)
    """Call an interface."""
    return interface(candidate)


@pytest.mark.parametrize("candidate", [Service(), MultiService(), Plain()])
def test_what_has_the_members_is_a_service(candidate: object) -> None:
    """Nothing has to be inherited; what answers already is returned as it is."""
    assert adapt(IService, candidate) is candidate
    assert isinstance(candidate, IService)


def test_a_collection_is_a_service_too_but_not_the_other_way_round() -> None:
    """The error names what is missing."""
    collection = MultiService()
    assert adapt(IServiceCollection, collection) is collection
    assert isinstance(collection, IServiceCollection)
    assert not isinstance(Service(), IServiceCollection)
    with pytest.raises(TypeError, match="it lacks getServiceNamed, __iter__, addService, removeService"):
        adapt(IServiceCollection, Service())


def test_what_is_none_of_them_is_a_type_error() -> None:
    """For each interface."""
    for interface in (IService, IServiceCollection, IProcess):
        with pytest.raises(TypeError, match=f"int object is no {interface.__name__}"):
            adapt(interface, 42)


def test_an_application_answers_by_its_aspects() -> None:
    """It is none of them itself."""
    application: object = Application("shop")
    assert not isinstance(application, IService)
    assert adapt(IService, application) is adapt(IServiceCollection, application)
    assert isinstance(adapt(IProcess, application), IProcess)


def test_a_class_that_inherits_an_interface_is_built_as_any_other() -> None:
    """Only the interface itself adapts when it is called."""

    class Mine(IProcess):
        def __init__(self, uid: int) -> None:
            self.processName = None
            self.uid = uid
            self.gid = None

    assert Mine(7).uid == 7


def test_a_class_may_answer_for_its_objects() -> None:
    """With a `getComponent` of its own, as the framework's adapters did."""
    inner = Service()

    class Wrapper:
        def getComponent(self, interface: object) -> object:
            return inner if interface is IService else None

    assert adapt(IService, Wrapper()) is inner
    with pytest.raises(TypeError):
        adapt(IServiceCollection, Wrapper())
