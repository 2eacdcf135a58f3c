"""Public holidays of the user's country, from the `holidays` library, imported when somebody asks for days."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

from daemon.core.policy import WorkingHours


def days_off(hours: WorkingHours, first: date, last: date) -> tuple[frozenset[date], str]:
    """The public holidays between two days, both included; and what is wrong with the country, in a sentence."""
    if not hours.country:
        return frozenset(), ""
    fault = ""
    try:
        found = _of_years(hours.country, hours.subdivision, first.year, last.year)
    except NotImplementedError:  # what the library raises for a country or a part of it that it does not know
        try:
            found = _of_years(hours.country, "", first.year, last.year)
        except NotImplementedError:
            return (
                frozenset(),
                f"[hours]: the public holidays of {hours.country} are not known here; none are kept free.",
            )
        fault = (
            f"[hours]: the public holidays of {hours.country}-{hours.subdivision} are not known here; "
            f"only those of all {hours.country} are kept free."
        )
    return frozenset(d for d in found if first <= d <= last), fault


@lru_cache(maxsize=8)
def _of_years(country: str, subdivision: str, first: int, last: int) -> frozenset[date]:
    import holidays

    return frozenset(holidays.country_holidays(country, subdiv=subdivision or None, years=range(first, last + 1)))
