"""What the machine decides when another process takes over."""

from __future__ import annotations

from svcctl.runtime.machine import (
    INITIAL,
    Do,
    Fact,
    Failed,
    Machine,
    Notify,
    Phase,
    Started,
    Stopped,
    StopRequested,
    step,
)
from svcctl.runtime.succession import HandedOver, Promoted, SuccessorReady, UpgradeFailed, UpgradeRequested

STOP = StopRequested("SIGTERM", 0)


def ready() -> Machine:
    """Return the state of an application that serves."""
    state = INITIAL
    for event in (Fact.LOADED, Fact.BOUND, Started(7, 2, 2)):
        state, _ = step(state, event)
    return state


def upgrading() -> Machine:
    """Return the state while a new process starts."""
    return step(ready(), UpgradeRequested())[0]


def test_an_upgrade_starts_a_process_and_stays_ready() -> None:
    """Everybody is told by the status alone."""
    state, effects = step(ready(), UpgradeRequested())
    assert (state.phase, state.upgrading) == (Phase.READY, True)
    assert effects == (Notify("STATUS=upgrading: the new process starts"), Do.SPAWN)


def test_a_second_upgrade_changes_nothing() -> None:
    """Nor one outside of READY."""
    assert step(upgrading(), UpgradeRequested()) == (upgrading(), ())
    assert step(INITIAL, UpgradeRequested()) == (INITIAL, ())


def test_the_new_main_process_is_announced_before_anything_stops() -> None:
    """After that this process announces nothing any more, whatever happens to it."""
    state, effects = step(upgrading(), SuccessorReady(8))
    assert effects == (Notify("MAINPID=8\nSTATUS=the new process serves"), Do.HAND_OVER)
    assert state.phase is Phase.READY
    state, effects = step(state, HandedOver())
    assert (state.phase, effects) == (Phase.STOPPING, (Do.STOP,))
    assert step(state, STOP)[1] == (Do.CUT_SHORT,)
    state, effects = step(state, Stopped(("x is stuck",)))
    assert not any(isinstance(each, Notify) for each in effects)
    assert state.phase is Phase.FAILED


def test_a_failed_upgrade_changes_the_status_alone() -> None:
    """With the reason; another one may follow."""
    state, effects = step(upgrading(), UpgradeFailed("it is broken"))
    assert effects == (Notify("STATUS=upgrade failed, going on as before: it is broken"),)
    assert state == ready()


def test_a_stop_dismisses_the_new_process_first() -> None:
    """So does a service that fails; what comes of the new process after that means nothing."""
    state, effects = step(upgrading(), STOP)
    assert effects == (Notify("STOPPING=1\nSTATUS=stopping: SIGTERM"), Do.DISMISS, Do.STOP)
    assert step(state, SuccessorReady(8)) == (state, ())
    assert step(state, UpgradeFailed("dismissed")) == (state, ())
    _, effects = step(upgrading(), Failed("x failed", 0, 70, serving=True))
    assert effects[1:] == (Do.DISMISS, Do.STOP)


def test_a_stop_between_the_announcement_and_the_word_to_the_new_process_is_silent() -> None:
    """The init system has another main process by then."""
    state, _ = step(upgrading(), SuccessorReady(8))
    stopping, effects = step(state, STOP)
    assert effects == (Do.STOP,)
    assert step(stopping, HandedOver()) == (stopping, ())


def test_a_reload_waits_for_the_end_of_the_upgrade() -> None:
    """This process does it if the upgrade fails, else the new one is told."""
    state, effects = step(upgrading(), Fact.RELOAD_REQUESTED)
    assert (state.reload_pending, effects) == (True, ())
    _, effects = step(state, UpgradeFailed("no"))
    assert effects[1:] == (Notify("RELOADING=1\nSTATUS=reloading", stamped=True), Do.RELOAD)
    state, _ = step(state, SuccessorReady(8))
    assert state.reload_pending


def test_a_promoted_process_says_how_it_is() -> None:
    """And does the reload that the other one has not done."""
    assert step(ready(), Promoted(reload=False)) == (ready(), (Notify("MAINPID=7\nSTATUS=2/2 ready"),))
    state, effects = step(ready(), Promoted(reload=True))
    assert state.phase is Phase.RELOADING
    assert effects[0] == Notify("MAINPID=7\nSTATUS=2/2 ready")


def test_a_process_that_stops_when_it_is_promoted_says_that() -> None:
    """Its end says the rest."""
    state, _ = step(ready(), STOP)
    assert step(state, Promoted(reload=False))[1] == (Notify("STATUS=stopping"),)
