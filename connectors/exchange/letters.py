"""One message's element as the header block it came with, or one made of its properties, and so as a `Mail`.

Received mail keeps its header block; what was sent from this mailbox has none, and is written down from what the
server knows of it. Either way the rules read it with the one parser all connectors share.
"""

from __future__ import annotations

from email.header import Header
from email.utils import format_datetime
from typing import Any

from connectors.exchange import elements
from daemon.core.address import match, normalise
from daemon.core.errors import BrokenItem
from daemon.core.model import Interest, Mail, Signal
from daemon.formats.headers import parse_mail

LISTED = "subject categories item_class is_draft display_to display_cc kith_sender"
"""What a listing asks for: cheap, and enough to leave out what concerns nobody."""

DETAILS = (
    "categories item_class is_draft subject author reply_to to_recipients cc_recipients bcc_recipients message_id "
    "in_reply_to references datetime_sent datetime_received conversation_id kith_headers"
)
"""What is fetched of each message that may concern somebody."""

ASK = "kith-"
_BOUNCERS = ("mailer-daemon@", "postmaster@", "microsoftexchange")


def asks_of(element: Any) -> frozenset[str]:
    """The drafts the user asked for by a category on the message, by purpose."""
    names = (one.text or "" for one in element.findall("t:Categories/t:String", elements.NS))
    return frozenset(name.lower().removeprefix(ASK) for name in names if name.lower().startswith(ASK))


def maybe(element: Any, interest: Interest) -> bool:
    """Whether a listed message may concern somebody known; says yes too often, never no too often.

    A stranger's message to one person alone concerns nobody else: most of a mailbox is that.
    """
    if asks_of(element):
        return True
    if not interest.known:
        return False
    kind = elements.text(element, "t:ItemClass").upper()
    sender = normalise(elements.extended(element, elements.SenderAddress))
    if not sender or kind.startswith("REPORT") or sender.startswith(_BOUNCERS):
        return True
    if match(sender, interest.known) or match(sender, interest.me):
        return True
    return ";" in elements.text(element, "t:DisplayTo") or bool(elements.text(element, "t:DisplayCc").strip())


def read(element: Any) -> Mail:
    """The facts of one message.

    Raises:
        BrokenItem: its header cannot be read.
    """
    id_ = elements.item_id(element)[0]
    kind = elements.text(element, "t:ItemClass").upper()
    head = elements.extended(element, elements.Headers)
    raw = head.encode("utf-8", "replace") if _from_in(head) else _written(element)
    mail = parse_mail(
        id_,
        raw,
        received=elements.moment(element, "t:DateTimeReceived"),
        draft=elements.flag(element, "t:IsDraft"),
        asks=asks_of(element),
    )
    thread = element.find("t:ConversationId", elements.NS)
    signals = mail.signals
    if kind.startswith("IPM.SCHEDULE"):
        signals |= {Signal.INVITATION}
    if kind.startswith("REPORT") and kind.endswith(".NDR"):
        signals |= {Signal.BOUNCE}
    return mail._replace(thread=thread.get("Id", "") if thread is not None else "", signals=signals)


def _from_in(head: str) -> bool:
    return any(line[:5].lower() == "from:" for line in head.splitlines())


def _written(element: Any) -> bytes:
    """A header block out of the message's properties."""
    lines: list[bytes] = []

    def add(name: str, value: bytes) -> None:
        if value:
            lines.append(name.encode() + b": " + b" ".join(value.split()))

    for name, path in (
        ("From", "t:From"),
        ("Reply-To", "t:ReplyTo"),
        ("To", "t:ToRecipients"),
        ("Cc", "t:CcRecipients"),
        ("Bcc", "t:BccRecipients"),
    ):
        add(name, b", ".join(_mailbox(one) for one in element.findall(f"{path}/t:Mailbox", elements.NS)))
    add("Subject", _words(elements.text(element, "t:Subject")))
    sent = elements.moment(element, "t:DateTimeSent")
    add("Date", format_datetime(sent).encode() if sent else b"")
    for name, path in (
        ("Message-ID", "t:InternetMessageId"),
        ("In-Reply-To", "t:InReplyTo"),
        ("References", "t:References"),
    ):
        add(name, elements.text(element, path).encode("utf-8", "replace"))
    if not lines:
        raise BrokenItem("The server says nothing of who wrote it to whom.")
    return b"\r\n".join(lines) + b"\r\n\r\n"


def _mailbox(element: Any) -> bytes:
    address = normalise(elements.text(element, "t:EmailAddress"))
    name = elements.text(element, "t:Name")
    if not address:  # a colleague who left, or a list without an address: somebody, but nobody we could know
        return _words(name) + b" <unknown@invalid>"
    return (_words(name) + b" " if name and normalise(name) != address else b"") + b"<" + address.encode() + b">"


def _words(said: str) -> bytes:
    text = " ".join(said.split())
    if text.isascii() and not set(text) & set('()<>[]:;@\\,."=?'):
        return text.encode()
    return Header(text, "utf-8", maxlinelen=10_000).encode().encode()
