"""The runner's state machine, under every order of events."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from svcctl.runtime.machine import (
    INITIAL,
    Do,
    Effect,
    Event,
    Exit,
    Fact,
    Failed,
    Notify,
    Phase,
    Progress,
    ReloadFailed,
    Started,
    Stopped,
    StopRequested,
    status_line,
    step,
)
from svcctl.runtime.succession import (
    HandedOver,
    Promoted,
    SuccessorReady,
    UpgradeFailed,
    UpgradeRequested,
)

TEXTS = st.text(max_size=30)
STATUSES = st.integers(min_value=0, max_value=255)
FAILURES = st.builds(Failed, TEXTS, st.integers(-5, 200), st.integers(1, 255), st.booleans())
EVENTS: st.SearchStrategy[Event] = st.one_of(
    st.sampled_from(Fact),
    st.builds(Progress, st.integers(0, 9), st.integers(0, 9), TEXTS, st.floats(0, 100)),
    st.builds(Started, st.integers(1, 2**22), st.integers(0, 9), st.integers(0, 9)),
    st.builds(StopRequested, TEXTS, STATUSES),
    st.builds(ReloadFailed, TEXTS),
    FAILURES,
    st.builds(Stopped, st.lists(TEXTS, max_size=3).map(tuple)),
    st.sampled_from((UpgradeRequested(), HandedOver())),
    st.builds(SuccessorReady, st.integers(1, 2**22)),
    st.builds(UpgradeFailed, TEXTS),
    st.builds(Promoted, st.booleans()),
)
ENDED = {Phase.STOPPED, Phase.FAILED}


def fields(effect: Effect) -> list[str]:
    """Return the keys of a message; none for other effects."""
    return [line.partition("=")[0] for line in effect.text.split("\n")] if isinstance(effect, Notify) else []


def check_order(effects: list[Effect]) -> None:
    """Check what holds for the effects of a whole life, in order."""
    stopping = reloading = exited = handed_over = False
    for effect in effects:
        assert not exited, "nothing follows the exit"
        sent = fields(effect)
        if "READY" in sent:
            assert not stopping
            reloading = False
        if "RELOADING" in sent:
            assert not reloading
            assert not stopping
            assert isinstance(effect, Notify)
            assert effect.stamped
            reloading = True
        if "STOPPING" in sent:
            assert not stopping
            stopping = True
            reloading = False
        handed_over = handed_over or effect is Do.HAND_OVER
        if handed_over:
            assert effect is not Do.SPAWN
            assert not sent, "the init system listens to another process"
        if effect in {Do.STOP, Do.ABANDON, Do.CUT_SHORT}:
            assert stopping or handed_over, "stopping is announced before it begins"
        if isinstance(effect, Exit):
            assert not reloading
            exited = True


@given(st.lists(EVENTS, max_size=40))
def test_announcements_are_true_after_any_events(events: list[Event]) -> None:
    """READY, RELOADING and STOPPING keep their order, and READY never follows a failure."""
    state = INITIAL
    done: list[Effect] = []
    failed = False
    for event in events:
        failed = failed or isinstance(event, Failed | StopRequested)
        before = state
        state, effects = step(state, event)
        if failed:
            assert not any("READY" in fields(effect) for effect in effects)
        if before.phase in ENDED:
            assert (state, effects) == (before, ())
        assert any(isinstance(effect, Exit) for effect in effects) == (
            state.phase in ENDED and before.phase not in ENDED
        )
        done += effects
    check_order(done)


@given(st.lists(EVENTS, max_size=40))
def test_every_message_is_well_formed(events: list[Event]) -> None:
    """Each line is KEY=value, fits into one datagram and can be encoded."""
    state = INITIAL
    for event in events:
        state, effects = step(state, event)
        for effect in effects:
            if isinstance(effect, Notify):
                assert len(effect.text.encode()) <= 4096 - len("\nMONOTONIC_USEC=") - 20
                assert all("=" in line for line in effect.text.split("\n"))
                assert len(set(fields(effect))) == len(fields(effect))


@given(st.text())
def test_a_status_is_one_line(text: str) -> None:
    """Whatever the text holds, its status is one short printable line."""
    line = status_line(text)
    assert line.isprintable()
    assert len(line.encode()) <= 3600


class HonestRunner(RuleBasedStateMachine):
    """A runner that carries out each effect, against signals, failures and ends in any order.

    The model: one step at most is in progress; an abandoned one ends as it likes.
    """

    def __init__(self) -> None:
        super().__init__()
        self.state = INITIAL
        self.done: list[Effect] = []
        self.busy: Do | None = None
        self.up = False
        self.failures: list[Failed] = []
        self.stops: list[StopRequested] = []
        self.errors: list[str] = []

    def feed(self, event: Event) -> None:
        """Hand an event over and carry out the effects."""
        if self.state.phase not in ENDED:
            self.failures += [event] if isinstance(event, Failed) else []
        self.state, effects = step(self.state, event)
        for effect in effects:
            if isinstance(effect, Do) and effect in {Do.BIND, Do.START, Do.RELOAD, Do.STOP}:
                assert self.busy is None, "one step at a time"
                self.busy = effect
            if effect in {Do.ABANDON, Do.CUT_SHORT}:
                assert self.busy is not None, "there is something to cancel"
            if isinstance(effect, Exit):
                assert self.busy is None, "nothing is in progress at the end"
                assert not self.up, "nothing is left running"
        self.done += effects

    @initialize()
    def load(self) -> None:
        """Load the application."""
        self.feed(Fact.LOADED)

    @rule(event=st.builds(StopRequested, TEXTS, STATUSES))
    def stop_is_requested(self, event: StopRequested) -> None:
        """Somebody sends SIGTERM."""
        if self.state.phase not in ENDED | {Phase.STOPPING}:
            self.stops.append(event)
        self.feed(event)

    @rule()
    def reload_is_requested(self) -> None:
        """Somebody sends SIGHUP."""
        self.feed(Fact.RELOAD_REQUESTED)

    @precondition(lambda self: self.up or self.busy is Do.START)
    @rule(text=TEXTS, status=st.integers(1, 255))
    def service_fails(self, text: str, status: int) -> None:
        """A service that had started fails by itself."""
        self.feed(Failed(text, 0, status, serving=True))

    @precondition(lambda self: self.busy is not None)
    @rule(outcome=st.sampled_from(["done", "failed", "cancelled"]), text=TEXTS)
    def step_ends(self, outcome: str, text: str) -> None:
        """The step in progress ends; only one that was to be abandoned ends as cancelled."""
        busy, self.busy = self.busy, None
        if outcome == "cancelled" and self.state.phase is not Phase.STOPPING:
            outcome = "done"
        if busy is Do.STOP:
            self.up = False
            errors = (text,) if outcome == "failed" else ()
            self.errors += errors
            self.feed(Fact.ABANDONED if outcome == "cancelled" else Stopped(errors))
        elif outcome == "cancelled":
            self.feed(Fact.ABANDONED)
        elif busy is Do.BIND:
            self.feed(Failed(text, 1, 69, serving=False) if outcome == "failed" else Fact.BOUND)
        elif busy is Do.START:
            self.up = outcome == "done"
            self.feed(Failed(text, 1, 70, serving=False) if outcome == "failed" else Started(7, 1, 1))
        else:
            self.feed(ReloadFailed(text) if outcome == "failed" else Fact.RELOADED)

    @invariant()
    def announcements_are_in_order(self) -> None:
        """What was sent so far keeps its order."""
        check_order(self.done)

    @invariant()
    def ready_means_serving(self) -> None:
        """The machine says READY only while the tree is up."""
        if self.state.phase in {Phase.READY, Phase.RELOADING}:
            assert self.up
        if self.state.phase in ENDED:
            assert not self.up

    @invariant()
    def it_never_waits_for_nothing(self) -> None:
        """Outside of READY and the end, some step is in progress."""
        if self.state.phase not in ENDED | {Phase.READY}:
            assert self.busy is not None or self.state is INITIAL

    @invariant()
    def the_exit_status_tells_why(self) -> None:
        """The first failure decides, then errors of the stop, then what the first stop asked for."""
        exits = [effect.status for effect in self.done if isinstance(effect, Exit)]
        if not exits:
            return
        if self.failures:
            assert exits == [self.failures[0].exit_status]
        elif self.errors:
            assert exits == [70]
        else:
            assert exits == [self.stops[0].exit_status]


TestHonestRunner = HonestRunner.TestCase
