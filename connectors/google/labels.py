"""Gmail's labels: what a message's labels say of it, and those by which the user asks for a draft."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from connectors.google.session import Session

UNREAD = frozenset({"SPAM", "TRASH", "DRAFT", "CHAT"})
"""Labels of what is no mail, or none that counts: such messages are passed over."""

PROMOTED = frozenset({"CATEGORY_PROMOTIONS", "CATEGORY_SOCIAL", "CATEGORY_FORUMS"})
"""Tabs Gmail sorts machine-made mail into. It errs now and then, so that this only hints."""

SENT = "SENT"

PURPOSES = ("thanks", "reply", "congratulations", "check-in")


class Labels:
    """The account's labels by id, read when first needed and again when an unknown one turns up."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._purposes: dict[str, str] = {}
        self._known: set[str] = set()

    def asks(self, label_ids: Collection[str]) -> frozenset[str]:
        """The drafts these labels ask for, by purpose. Google's own labels need no asking; the user's have ids."""
        mine = {label for label in label_ids if label.startswith("Label_")}
        if not mine <= self._known:
            self._read()
            self._known |= mine  # deleted meanwhile: once is enough
        return frozenset(self._purposes[label] for label in mine & self._purposes.keys())

    def asking(self) -> Mapping[str, str]:
        """Every label that asks for a draft: id -> purpose. There may be two of one purpose."""
        if not self._known:
            self._read()
        return self._purposes

    def _read(self) -> None:
        """``kith-thanks`` and ``kith/thanks`` (a label inside another), however capitalised."""
        fields = "labels(id,name)"
        found = self._session.call(self._session.gmail.labels().list(userId="me", fields=fields)).get("labels", ())
        self._known = {str(label["id"]) for label in found}
        named = {f"kith{sign}{purpose}": purpose for purpose in PURPOSES for sign in "-/"}
        self._purposes = {
            str(label["id"]): named[str(label["name"]).lower()]
            for label in found
            if str(label.get("name", "")).lower() in named
        }
