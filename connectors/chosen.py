"""What an account's section says of its kind's options. Nothing of any provider is imported here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from daemon.core.model import Account
from daemon.core.ports import Option


def chosen(account: Account, options: Sequence[Option]) -> dict[str, Any]:
    """Each option by its name, as its type says: what the account says, else the default.

    What has neither is "", 0, False or (). Values have been validated already (`daemon.config.accounts`).
    """
    return {option.name: _value(account.options.get(option.name), option) for option in options}


def _value(said: object, option: Option) -> object:
    value = option.default if said in (None, "") else said
    match option.type:
        case "list":
            return tuple(map(str, value)) if isinstance(value, (list, tuple)) else ()
        case "bool":
            return bool(value)
        case "int":
            return int(str(value or 0))
        case _:
            return "" if value is None else str(value)
