"""The rig of the google connector, its mail and drafts, as their user sees them in Gmail."""

from __future__ import annotations

from daemon.core.model import Position
from tests.contract.rig import ME
from tests.contract.samples import ANNA, mail, rewritten
from tests.doubles.google import GoogleDouble
from tests.doubles.google.mailbox import Mailbox

LABELS = {"INBOX": ["INBOX"], "Sent": ["SENT"], "Archive": [], "Trash": ["TRASH"], "Junk": ["SPAM"]}


class Letters:
    """A handle of a message is its id."""

    double: GoogleDouble

    # -- mail

    @property
    def box(self) -> Mailbox:
        return self.double.account(ME).gmail

    def add_mail(self, folder: str, raw: bytes, *, draft: bool = False) -> str:
        if draft or folder == "Drafts":
            return self.box.drafts[self.box.make_draft(raw)]
        return self.box.add(raw, LABELS[folder]).id

    def add_broken_mail(self, folder: str) -> str:
        # longer than any server takes; the search finds it all the same
        return self.add_mail(folder, mail("broken", ANNA, Subject="x" * 300_000))

    def move_mail(self, handle: str, folder: str) -> str:
        self.box.label(handle, LABELS[folder], ["INBOX", "TRASH", "SPAM"])
        return handle

    def copy_mail(self, handle: str, folder: str) -> str:
        raise AssertionError("a message has labels, not copies")

    def delete_mail(self, handle: str) -> None:
        self.box.erase(handle)

    def set_flag(self, handle: str, keyword: str) -> None:
        self.box.label(handle, [self.box.named(keyword)])

    def mark_seen(self, handle: str) -> None:
        self.box.label(handle, ["UNREAD"])
        self.box.label(handle, (), ["UNREAD"])

    def mailbox(self) -> object:
        return {m.id: (m.raw, frozenset(m.labels)) for m in self.box.messages.values()}

    def allow_texts(self) -> None:
        self.box.texts = True

    def expire_mail_cursor(self, stream: str, position: Position) -> Position:
        self.box.history += 7
        self.box.floor = self.box.history
        return position

    # -- drafts

    def drafts(self) -> list[bytes]:
        held = (self.box.messages[m] for m in self.box.drafts.values())
        return [m.raw for m in held if "TRASH" not in m.labels]

    def trashed(self) -> list[bytes]:
        return [m.raw for m in self.box.messages.values() if "TRASH" in m.labels]

    def user_edits_draft(self, message_id: str, text: str) -> None:
        draft = self.box.draft_of(message_id)
        self.box.edit_draft(draft, rewritten(self.box.messages[self.box.drafts[draft]].raw, text))

    def user_trashes_draft(self, message_id: str) -> None:
        self.box.trash(self.box.drafts[self.box.draft_of(message_id)])

    def user_deletes_draft(self, message_id: str) -> None:
        self.box.erase(self.box.drafts[self.box.draft_of(message_id)])

    def user_sends_draft(self, message_id: str) -> None:
        self.box.send_draft(self.box.draft_of(message_id))
