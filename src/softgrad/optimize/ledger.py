"""The ledger of one fit: its history, and what counts as its cost, over every solver and coordinate system it uses."""

from dataclasses import dataclass, field
from time import perf_counter

from softgrad.optimize.solution import Record
from softgrad.rows.base import Meter


@dataclass
class Ledger:
    """Records of a fit that has begun; the passes are those of the rows' meter since then.

    Attributes
    ----------
    meter : Meter
    began : float
        On :func:`time.perf_counter`'s clock.
    passes_before : float
        The meter's count when the fit began.
    rounds_before, bytes_before : int
        The same of messages between machines.
    history : list of Record
    solvers : list of str
        The names of the solvers that have stepped, in order.
    """

    meter: Meter
    began: float
    passes_before: float
    rounds_before: int = 0
    bytes_before: int = 0
    history: list[Record] = field(default_factory=list)
    solvers: list[str] = field(default_factory=list)

    @classmethod
    def opened(cls, meter: Meter) -> "Ledger":
        """A new fit's, from now on."""
        return cls(meter, perf_counter(), meter.passes, meter.rounds, meter.bytes_moved)

    @property
    def n_passes(self) -> float:
        return self.meter.passes - self.passes_before

    @property
    def n_rounds(self) -> int:
        return self.meter.rounds - self.rounds_before

    @property
    def n_bytes(self) -> int:
        return self.meter.bytes_moved - self.bytes_before

    @property
    def n_iter(self) -> int:
        """Outer iterations so far; the first record is the start."""
        return len(self.history) - 1

    def enter(self, objective: float, gap: float) -> None:
        """One more outer iteration."""
        seconds = perf_counter() - self.began
        self.history.append(Record(len(self.history), objective, gap, self.n_passes, seconds))

    def stepped(self, solver: str) -> None:
        """A solver takes its first step."""
        if self.solvers[-1:] != [solver]:
            self.solvers.append(solver)
