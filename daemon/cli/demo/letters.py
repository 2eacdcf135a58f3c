"""The sample person's mail: about sixty messages, half Russian, half English, dated relative to today.

Every case the rules know is among them: people one by one, machines, crowds, and what lies in the wrong folder.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from hashlib import sha256

from daemon.cli.demo.people import BY_UID, ME, MY_ADDRESSES

INBOX, SENT, DRAFTS, JUNK, TRASH, LISTS, ARCHIVE = "", ".Sent", ".Drafts", ".Junk", ".Trash", ".Lists", ".Archive"
POLICY = SMTP.clone(linesep="\n")


@dataclass(frozen=True, slots=True)
class Letter:
    """One message: how many ``days`` ago, at which time of day, and where it lies.

    ``who`` is a person of `people` or an address; mail of mine goes to them.
    """

    days: int
    who: str
    subject: str
    body: str
    mine: bool = False
    at: str = "10:30"
    folder: str = ""
    answers: str = ""
    name: str = ""  # for `answers` to refer to
    cc: tuple[str, ...] = ()
    also_to: tuple[str, ...] = ()
    to: str = MY_ADDRESSES[0]
    headers: dict[str, str] = field(default_factory=dict)
    kind: str = ""  # "" | invitation | bounce
    copies: tuple[str, ...] = ()  # further folders it lies in


def _in(days: int, who: str, subject: str, body: str, **rest: object) -> Letter:
    return Letter(days, who, subject, body, **rest)  # type: ignore[arg-type]


def _out(days: int, who: str, subject: str, body: str, **rest: object) -> Letter:
    return Letter(days, who, subject, body, mine=True, **{"folder": SENT, **rest})  # type: ignore[arg-type]


FRIENDS_AND_WORK = (
    # a recruiter, last written to more than a quarter ago: due
    _in(160, "marina", "Вакансия для вас", "Добрый день! Есть роль, которая может вам подойти.", name="m1"),
    _out(158, "marina", "Re: Вакансия для вас", "Спасибо! Пока не ищу, но буду на связи.", answers="m1", name="m2"),
    _in(157, "marina", "Re: Вакансия для вас", "Хорошо, напомню о себе ближе к осени.", answers="m2"),
    _out(101, "marina", "Как у вас дела?", "Здравствуйте, Марина Олеговна! Что нового на рынке?", name="m3"),
    _in(99, "marina", "Re: Как у вас дела?", "Спасибо, что написали! Много новых вакансий, расскажу.", answers="m3"),
    # HR, in touch not long ago: not due
    _in(48, "peter", "Your talk at our meetup", "Hi Irina, could we share your slides?", name="p1"),
    _out(47, "peter", "Re: Your talk at our meetup", "Of course, here is the link.", answers="p1", name="p2"),
    _in(46, "peter", "Re: Your talk at our meetup", "Wonderful, thank you!", answers="p2"),
    _out(40, "peter", "Question about the new office", "Hello Peter, when do you move?", name="p3"),
    _in(39, "peter", "Re: Question about the new office", "In spring, if all goes well.", answers="p3"),
    # mentors: one met just now, one due
    _out(64, "nikolai", "Вопрос по статье", "Здравствуйте, Николай Иванович! Можно прислать вам черновик?", name="n1"),
    _in(63, "nikolai", "Re: Вопрос по статье", "Присылайте, с удовольствием посмотрю.", answers="n1", name="n2"),
    _out(62, "nikolai", "Re: Вопрос по статье", "Спасибо большое, отправляю.", answers="n2"),
    _in(30, "nikolai", "Замечания к статье", "Ирина, добрый день! Замечаний немного, давайте обсудим.", name="n3"),
    _out(29, "nikolai", "Re: Замечания к статье", "Спасибо! Предлагаю встретиться.", answers="n3"),
    _out(75, "helen", "Thank you for the reference", "Dear Helen, thank you for your letter.", name="h1"),
    _in(74, "helen", "Re: Thank you for the reference", "You are most welcome.", answers="h1"),
    _in(46, "helen", "Your plans for next year", "Dear Irina, have you decided about the course?", name="h2"),
    _out(45, "helen", "Re: Your plans for next year", "Not yet, I will tell you when I have.", answers="h2"),
    # a colleague of one's own company
    _in(13, "dmitri", "Отчёт за неделю", "Привет! Отчёт во вложении.", to=MY_ADDRESSES[1], name="d1"),
    _out(12, "dmitri", "Re: Отчёт за неделю", "Спасибо, посмотрю завтра.", answers="d1"),
    _in(6, "dmitri", "Созвон по проекту", "Давай завтра в три?", to=MY_ADDRESSES[1], name="d2"),
    _out(6, "dmitri", "Re: Созвон по проекту", "Давай.", answers="d2", at="11:40"),
    # partners
    _in(33, "laura", "Shall we meet?", "Hi Irina, I'm in Berlin later this month. Coffee?", name="l1"),
    _out(32, "laura", "Re: Shall we meet?", "With pleasure!", answers="l1", name="l2"),
    _in(31, "laura", "Re: Shall we meet?", "Great, I'll send an invitation.", answers="l2"),
    _in(22, "alex", "Draft of the agreement", "Hi, have a look at the second page, please.", name="a1"),
    _out(20, "alex", "Re: Draft of the agreement", "Looks good, let us talk about it when we meet.", answers="a1"),
    # somebody met at a conference, friends, a protégée
    _in(24, "sam", "Good to meet you at the conference", "Here are the slides I promised.", name="s1"),
    _out(23, "sam", "Re: Good to meet you at the conference", "Thank you, Sam!", answers="s1"),
    _out(52, "anastasia", "Как вы там?", "Привет! Как переезд?", name="x1"),
    _in(51, "anastasia", "Re: Как вы там?", "Всё хорошо, приезжай в гости!", answers="x1"),
    _in(70, "george", "Old photos", "Look what I found!", name="g1"),
    _out(69, "george", "Re: Old photos", "How young we were. Thank you!", answers="g1"),
    _out(28, "vera", "Вопрос о договоре", "Вера Павловна, можно вопрос о договоре?", name="v1"),
    _in(27, "vera", "Re: Вопрос о договоре", "Конечно. Коротко отвечу здесь же.", answers="v1", name="v2"),
    _out(26, "vera", "Re: Вопрос о договоре", "Спасибо, вы очень помогли.", answers="v2"),
    _out(124, "sofia", "Как прошла защита?", "Привет, Соня! Как всё прошло?", name="f1"),
    _in(123, "sofia", "Re: Как прошла защита?", "Отлично, спасибо за помощь!", answers="f1", name="f2"),
    _out(122, "sofia", "Re: Как прошла защита?", "Поздравляю!", answers="f2"),
    # a question nobody answered: a reply is owed
    _out(41, "zhanna", "Ваше резюме", "Здравствуйте, Жанна! Спасибо за резюме, мы с вами свяжемся.", name="z0"),
    _in(9, "zhanna", "Портфолио и вопрос о вакансии", "Посмотрите, пожалуйста, моё портфолио.", name="z1"),
    # two letters without an answer: the interval doubles instead of pressing on
    _out(112, "tom", "About your team", "Dear Tom, I would like to hear about your team."),
    _out(96, "tom", "Following up", "Dear Tom, is now a better time?"),
    _in(210, "greta", "Your article", "It is out, have a look.", name="gr1"),
    _out(208, "greta", "Re: Your article", "Thank you, it reads very well.", answers="gr1"),
    # known, not kept: logged, and nothing more
    _in(15, "bob", "Delivery on Monday", "The parcel comes on Monday.", name="b1"),
    _out(15, "bob", "Re: Delivery on Monday", "Thank you, Bob.", answers="b1", at="12:05"),
    _in(88, "olga", "Доклад на конференции", "Ирина, спасибо за доклад!", copies=(ARCHIVE,)),
)  # fmt: skip

NOISE = (
    # a desk several people share credits nobody
    _in(37, "desk", "Open positions", "Our open positions this month."),
    # machines
    _in(5, "vera", "Автоматический ответ: отпуск", "Я в отпуске.", headers={"Auto-Submitted": "auto-replied"}),
    _in(95, "tom", "Out of office: Following up", "I am away.", headers={"X-Autoreply": "yes"}),
    _in(4, "news@newsletter.example", "Ten tips for your calendar", "Read more.",
        headers={"List-Unsubscribe": "<https://newsletter.example/u>", "Precedence": "bulk", "Feedback-ID": "x"}),
    _in(11, "noreply@shop.example", "Ваш заказ отправлен", "Спасибо за заказ."),
    _in(18, "mailer-daemon@example.org", "Undelivered Mail Returned to Sender", "", kind="bounce"),
    _in(10, "laura", "Invitation: Coffee", "", kind="invitation"),
    # crowds
    _in(21, "sam", "[cal-dev] Release candidate", "Please test.", folder=LISTS,
        headers={"List-Id": "<cal-dev.lists.example>", "List-Post": "<mailto:cal-dev@lists.example>"},
        to="cal-dev@lists.example"),
    _in(16, "peter", "Summer party", "You are all invited!",
        also_to=tuple(f"guest{n}@example.net" for n in range(1, 14))),
    _out(8, "dmitri", "План работ", "Во вложении план.", cc=("helen", "nikolai"), at="16:20"),
    # strangers leave no trace
    _in(3, "stranger@example.net", "Business proposal", "Dear Sir or Madam."),
    _in(2, "neznakomets@example.net", "Вопрос по объявлению", "Ещё актуально?"),
    # the wrong folders
    _in(7, "greta", "You have won", "Click here.", folder=JUNK),
    _in(14, "bob", "Old price list", "Outdated.", folder=TRASH),
    _out(1, "helen", "Re: Your plans for next year", "Dear Helen, I have been thinking", folder=DRAFTS, answers="h2"),
)  # fmt: skip

LETTERS = FRIENDS_AND_WORK + NOISE


def moment(letter: Letter, midnight: datetime) -> datetime:
    """When it was written: ``midnight`` is today's in the sample person's zone."""
    hour, minute = map(int, letter.at.split(":"))
    day = midnight.date() - timedelta(days=letter.days)
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=midnight.tzinfo)


def message_id(letter: Letter) -> str:
    """The same for every layout: nothing in it depends on the day."""
    mark = sha256(f"{letter.days}/{letter.who}/{letter.subject}/{letter.mine}".encode()).hexdigest()[:20]
    domain = MY_ADDRESSES[0].partition("@")[2] if letter.mine else _address(letter.who).domain
    return f"<{mark}@{domain}>"


def written(letter: Letter, midnight: datetime) -> bytes:
    """The message as it lies in the Maildir."""
    msg = EmailMessage(policy=POLICY)
    me = Address(ME, addr_spec=MY_ADDRESSES[0])
    other = _address(letter.who)
    msg["Date"] = format_datetime(moment(letter, midnight))
    msg["From"] = me if letter.mine else other
    msg["To"] = [other if letter.mine else Address(addr_spec=letter.to), *map(_address, letter.also_to)]
    if letter.cc:
        msg["Cc"] = [_address(each) for each in letter.cc]
    msg["Subject"] = letter.subject
    msg["Message-ID"] = message_id(letter)
    if letter.answers:
        msg["In-Reply-To"] = msg["References"] = message_id(_named(letter.answers))
    for name, value in letter.headers.items():
        msg[name] = value
    if letter.kind == "bounce":
        _bounce(msg)
    elif letter.kind == "invitation":
        msg.set_content("BEGIN:VCALENDAR\nMETHOD:REQUEST\nEND:VCALENDAR\n", subtype="calendar")
    else:
        msg.set_content(letter.body + "\n")
    return msg.as_bytes()


def _bounce(msg: EmailMessage) -> None:
    msg["X-Failed-Recipients"] = "nobody.here@example.net"
    msg["Auto-Submitted"] = "auto-replied"
    msg.set_content("The address nobody.here@example.net does not exist.\n")


def _named(name: str) -> Letter:
    return next(letter for letter in LETTERS if letter.name == name)


def _address(who: str) -> Address:
    person = BY_UID.get(who)
    return Address(person.name, addr_spec=person.address) if person else Address(addr_spec=who)
