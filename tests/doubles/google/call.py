"""What a handler is given and gives back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.doubles.google.server import Account, GoogleDouble


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error answer as Google words it. ``reason`` is what a client looks at beside the status."""

    status: int
    reason: str
    message: str = "refused"
    retry_after: str = ""


@dataclass(frozen=True)
class Call:
    """One request that fits the documents. ``arguments`` are its path and query parameters, typed."""

    double: GoogleDouble
    account: Account
    method: str
    arguments: Mapping[str, Any]
    body: dict[str, Any]
    scopes: frozenset[str]
    headers: Mapping[str, str]

    def get(self, name: str, otherwise: Any = None) -> Any:
        """One argument."""
        return self.arguments.get(name, otherwise)

    @property
    def now(self) -> datetime:
        """The double's clock."""
        return self.double.now()


Handler = Callable[[Call], "dict[str, Any] | Refusal"]


@dataclass
class Fault:
    """What goes wrong, once. ``method`` is a method's id or its beginning; "" fits any.

    ``kind``: ``refuse`` (answer with ``refusal``), ``drop-before`` (the connection ends, nothing applied),
    ``drop-after`` (applied, no answer), ``page`` (applied, but a proxy's page comes with status 200), ``lost-part``
    (applied, but the batch's answer lacks it). ``writes`` limits it to requests that change something, ``inner`` to
    calls inside a batch. ``skip`` lets so many that fit pass first.
    """

    kind: str
    method: str = ""
    refusal: Refusal = field(default_factory=lambda: Refusal(503, "backendError"))
    writes: bool = False
    inner: bool | None = None
    skip: int = 0

    def fits(self, method: str, write: bool, inner: bool) -> bool:
        """Whether it strikes now; counts what passes."""
        if not method.startswith(self.method) or (self.writes and not write):
            return False
        if self.inner is not None and self.inner is not inner:
            return False
        if self.skip:
            self.skip -= 1
            return False
        return True


def utc_now() -> datetime:
    """The real clock."""
    return datetime.now(UTC)
