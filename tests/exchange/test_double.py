"""The double itself: it refuses what no server takes, and above all what would send."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from tests.contract.rig import ME
from tests.doubles.ews.server import PASSWORD, USER, Ews, open_ews
from tests.doubles.ews.xml import MESSAGES, SOAP, TYPES, NotEws, in_order, make, validate

ENVELOPE = (
    '<s:Envelope xmlns:s="{s}" xmlns:m="{m}" xmlns:t="{t}"><s:Header>'
    '<t:RequestServerVersion Version="Exchange2013_SP1"/></s:Header><s:Body>{body}</s:Body></s:Envelope>'
)
DRAFTS = '<m:SavedItemFolderId><t:DistinguishedFolderId Id="drafts"/></m:SavedItemFolderId>'
LETTER = "<m:Items><t:Message><t:MimeContent>RnJvbTogYUBleGFtcGxlLm9yZw0KDQo=</t:MimeContent></t:Message></m:Items>"
EVENT = (
    "<m:Items><t:CalendarItem><t:Subject>x</t:Subject><t:RequiredAttendees><t:Attendee><t:Mailbox><t:EmailAddress>"
    "anna@example.com</t:EmailAddress></t:Mailbox></t:Attendee></t:RequiredAttendees></t:CalendarItem></m:Items>"
)
REPLY = '<m:Items><t:ReplyToItem><t:ReferenceItemId Id="x"/></t:ReplyToItem></m:Items>'
IDS = '<m:ItemIds><t:ItemId Id="x"/></m:ItemIds>'

SAVE = '<m:CreateItem MessageDisposition="SaveOnly" SendMeetingInvitations="SendToNone">'
IDS_ONLY = "<m:ItemShape><t:BaseShape>IdOnly</t:BaseShape></m:ItemShape>"
INBOX = '<m:SyncFolderId><t:DistinguishedFolderId Id="inbox"/></m:SyncFolderId>'
RECIPIENTS = '<t:AdditionalProperties><t:FieldURI FieldURI="message:ToRecipients"/></t:AdditionalProperties>'

FORBIDDEN = {
    "send an item": f'<m:SendItem SaveItemToFolder="true">{IDS}</m:SendItem>',
    "create and send": f'<m:CreateItem MessageDisposition="SendAndSaveCopy">{DRAFTS}{LETTER}</m:CreateItem>',
    "create and send only": f'<m:CreateItem MessageDisposition="SendOnly">{LETTER}</m:CreateItem>',
    "invite all": '<m:CreateItem MessageDisposition="SaveOnly" SendMeetingInvitations="SendToAllAndSaveCopy">'
    f"{DRAFTS}{EVENT}</m:CreateItem>",
    "invite nobody and name somebody": f"{SAVE}{DRAFTS}{EVENT}</m:CreateItem>",
    "reply": f"{SAVE}{DRAFTS}{REPLY}</m:CreateItem>",
    "tell of a change": '<m:UpdateItem ConflictResolution="NeverOverwrite" MessageDisposition="SaveOnly" '
    'SendMeetingInvitationsOrCancellations="SendToAllAndSaveCopy"><m:ItemChanges><t:ItemChange><t:ItemId Id="x"/>'
    "<t:Updates/></t:ItemChange></m:ItemChanges></m:UpdateItem>",
    "overwrite": '<m:UpdateItem ConflictResolution="AlwaysOverwrite" MessageDisposition="SaveOnly" '
    'SendMeetingInvitationsOrCancellations="SendToNone"><m:ItemChanges><t:ItemChange><t:ItemId Id="x"/>'
    "<t:Updates/></t:ItemChange></m:ItemChanges></m:UpdateItem>",
    "delete": f'<m:DeleteItem DeleteType="HardDelete">{IDS}</m:DeleteItem>',
    "empty a folder": '<m:EmptyFolder DeleteType="HardDelete" DeleteSubFolders="true"/>',
    "move elsewhere": '<m:MoveItem><m:ToFolderId><t:DistinguishedFolderId Id="sentitems"/></m:ToFolderId>'
    f"{IDS}</m:MoveItem>",
    "whole items": f"<m:GetItem><m:ItemShape><t:BaseShape>AllProperties</t:BaseShape></m:ItemShape>{IDS}</m:GetItem>",
    "more than it gives": f"<m:SyncFolderItems>{IDS_ONLY}{INBOX}<m:MaxChangesReturned>600</m:MaxChangesReturned>"
    "</m:SyncFolderItems>",
    "a listing of recipients": "<m:SyncFolderItems><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape>"
    f"{RECIPIENTS}</m:ItemShape>{INBOX}<m:MaxChangesReturned>5</m:MaxChangesReturned></m:SyncFolderItems>",
    "the wrong order": f"<m:GetItem>{IDS}{IDS_ONLY}</m:GetItem>",
}


@pytest.fixture(scope="module")
def strict() -> Iterator[Ews]:
    """A server whose complaints the tests themselves look at."""
    with open_ews() as ews:
        yield ews
        ews.wrong.clear()


def ask(ews: Ews, body: str) -> int:
    text = ENVELOPE.format(s=SOAP, m=MESSAGES, t=TYPES, body=body)
    done = requests.post(
        ews.url, data=text, auth=(USER, PASSWORD), headers={"X-AnchorMailbox": ME}, timeout=20, allow_redirects=False
    )
    return done.status_code


@pytest.mark.parametrize("what", FORBIDDEN)
def test_what_is_forbidden_fails_the_test_at_its_end(strict: Ews, what: str) -> None:
    strict.wrong.clear()
    assert ask(strict, FORBIDDEN[what]) == 400
    assert len(strict.wrong) == 1, strict.wrong
    assert not any(folder.items for folder in strict.box(ME).folders.values())


def test_what_is_allowed_is_answered(strict: Ews) -> None:
    strict.wrong.clear()
    assert ask(strict, f"<m:GetItem>{IDS_ONLY}{IDS}</m:GetItem>") == 200
    assert strict.wrong == []


def test_a_complaint_fails_whoever_opened_the_server() -> None:
    with pytest.raises(AssertionError, match="SendItem"), open_ews() as ews:
        ask(ews, FORBIDDEN["send an item"])


def test_answers_are_held_against_the_schema_and_the_order() -> None:
    item = make("t:Message", make("t:Subject", "x"), make("t:ItemId", Id="x"))
    with pytest.raises(NotEws, match="too late"):
        in_order(item, ["ItemId", "Subject"])
    with pytest.raises(NotEws, match="has no"):
        in_order(item, ["ItemId"])


def test_the_schema_is_asked_where_it_is_at_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.doubles.ews import xml

    wrong = make("m:GetItem", make("m:ItemIds"), make("m:ItemShape"))
    if xml._schema() is None:
        validate(wrong, "GetItem")  # nothing to hold it against
    else:
        with pytest.raises(NotEws, match="GetItem"):
            validate(wrong, "GetItem")
