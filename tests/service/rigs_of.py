"""The backends of a house, and a letter as it lies there."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.message import EmailMessage

from tests.contract.rig import Rig
from tests.contract.rig_memory import MemoryRig
from tests.service.house import House


def mail_rig(house: House) -> Rig:
    """The one with the mail: the first."""
    return next(iter(house.rigs.values()))


def dav_rig(house: House) -> Rig:
    """The one with the calendars: the last."""
    return list(house.rigs.values())[-1]


def memory(house: House) -> MemoryRig:
    """The house's mail, where it is in memory."""
    found = mail_rig(house)
    assert isinstance(found, MemoryRig)
    return found


def shown(raw: bytes) -> EmailMessage:
    """A letter, parsed."""
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message
