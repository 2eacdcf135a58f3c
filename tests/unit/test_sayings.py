"""What letters say in so many words, and above all what they do not say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core import phrases
from daemon.core.own_words import OPENING, own_words
from daemon.core.phrases import LEFT
from daemon.core.reasons import INTRODUCTION, RECOMMENDATION
from daemon.core.sayings import RULES, says

EMPLOYERS = ("Example Works Ltd", "ООО «Ромашка»")

SAID = {
    RECOMMENDATION: """
        I have recommended you to Oleg for the position.
        I've already recommended you for the team lead role.
        By the way, I recommended you to my former boss.
        We've warmly recommended you to a client of ours.
        I have just referred you to our hiring team.
        I passed your CV on to Oleg yesterday.
        I've sent them your resume.
        I mentioned your name to the head of research.
        I put in a good word for you.
        Порекомендовала вас коллегам из соседнего отдела.
        Кстати, вчера порекомендовал тебя Олегу.
        Я вас уже порекомендовала директору.
        Вас я порекомендовал тоже.
        Мы порекомендовали вас заказчику.
        Я замолвил за тебя словечко.
        Замолвила за вас слово перед директором.
        Передал ваше резюме руководителю отдела.
        Вчера я отправила твоё резюме Олегу.
    """,
    INTRODUCTION: """
        Ann, meet Oleg.
        Petra — please meet my colleague Oleg Primerov.
        Introducing you two, as promised!
        I'd like to introduce you to Oleg Primerov.
        Let me introduce the two of you.
        I am happy to introduce Oleg to you.
        I'm putting you two in touch.
        I wanted to connect you both.
        Happy to connect you with Oleg.
        I'll let you two take it from here.
        Знакомьтесь: Олег, это Петра.
        Коллеги, познакомьтесь, пожалуйста!
        Петра, Олег, знакомьтесь.
        Познакомлю вас с Олегом.
        Хочу познакомить вас друг с другом.
        Хотела бы познакомить тебя с моим хорошим другом.
        Знакомлю вас.
        Позвольте представить вам Олега Примерова.
        Представляю вам нашего коллегу Олега Примерова.
    """,
    LEFT: """
        Today is my last day at Example Works.
        Friday was my very last day.
        My last day will be Friday.
        After six years I'm leaving the company.
        I will be leaving our firm at the end of May.
        I have decided to leave the company.
        I've just handed in my notice.
        I am leaving Example Works after five years.
        I've moved on from Example Works.
        I no longer work at Example Works.
        I'm no longer with the company.
        Сегодня мой последний рабочий день.
        Не забудьте: завтра мой последний рабочий день!
        Завтра у меня последний день в компании.
        В конце мая ухожу из компании.
        Я увольняюсь.
        Увольняюсь, так что пишите на личную почту.
        Покидаю нашу компанию после шести лет.
        Я ушла из «Ромашки».
        Покидаю «Ромашку» с лёгким сердцем.
        Я здесь больше не работаю, поэтому больше здесь не работаю.
        С завтрашнего дня я больше не работаю в отделе.
        Я больше не работаю в Ромашке.
    """,
}

NOT_SAID = """
    Could you recommend me somebody?
    Have you recommended you yourself to them?
    I recommended you to try the soup.
    We recommended you read the manual first.
    I haven't recommended you to anyone yet.
    I never recommended you to the board.
    If I have recommended you to Oleg, forget it.
    Jobs recommended for you this week.
    Recommended: five books on gardening.
    Oleg has recommended you to me.
    You were recommended to me by Oleg.
    Should I have passed your CV on to them?
    Не могли бы вы порекомендовать кого-нибудь?
    Мне порекомендовал вас Олег.
    Вас порекомендовал Олег Примеров.
    Я не рекомендовал вас.
    Хотела бы, чтобы кто-то порекомендовал вас.
    Если бы я порекомендовал вас, вы бы узнали.
    Порекомендуйте, пожалуйста, хорошую книгу.
    Пришлите рекомендательное письмо.
    Я бы рекомендовал вам эту книгу.
    Вы передали ваше резюме?
    Попросил, чтобы Олег передал ваше резюме.
    Ann, let us meet tomorrow.
    Ann, meet Oleg at five.
    Let us meet Monday.
    Could you introduce me to Oleg?
    Would you mind if I introduce you to Oleg?
    I would like to introduce myself.
    I'd like to introduce you to our new product.
    I would like to introduce you to Example.com.
    Nice to meet you!
    We are introducing new prices.
    I will connect you to the printer.
    Ознакомьтесь с документом.
    Знакомьтесь с новинками сезона!
    Познакомьтесь с условиями договора.
    Хочу познакомить вас с нашей новой версией.
    Рада познакомиться!
    Не могли бы вы познакомить меня с Олегом?
    Позвольте представиться.
    Представляю вам новый отчёт.
    Если хотите, познакомлю вас с Олегом.
    Tomorrow is my last day before vacation.
    This is my last day in Paris.
    Today is my last working day this year.
    Is today your last day at Example Works?
    I'm leaving for Paris.
    I am leaving Berlin tomorrow.
    I'm leaving the office at six.
    I'm leaving early.
    I'm not leaving the company.
    I don't think I'm leaving the company.
    It is not that I have resigned.
    Не думаю, что завтра мой последний рабочий день.
    Это ещё не мой последний рабочий день.
    If I leave the company, you will hear of it.
    I have left the documents on your desk.
    I've left Examples of it in the folder.
    Oleg has left the company.
    Oleg no longer works here.
    I am no longer sure about that.
    The old system no longer works.
    Мой последний рабочий день перед отпуском.
    Сегодня мой последний рабочий день в этом году.
    У меня последний день отпуска.
    Ухожу в отпуск.
    Ухожу с работы в шесть.
    Ухожу из дома.
    Олег больше не работает у нас.
    Я больше не работаю над этим проектом.
    Если я уволюсь, ты узнаешь первой.
    Вы увольняетесь?
    Увольнение оформлено по правилам.
    Он сказал: «Я ухожу из компании, надоело».
    "I'm leaving the company", he said.
    Она написала: „Я вас порекомендовала директору“.
"""


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.strip().splitlines()]


@pytest.mark.parametrize(("kind", "text"), [(kind, line) for kind, text in SAID.items() for line in lines(text)])
def test_it_is_said(kind: str, text: str) -> None:
    assert set(says(text, EMPLOYERS)) == {kind}


@pytest.mark.parametrize("text", lines(NOT_SAID))
def test_it_is_not_said(text: str) -> None:
    assert says(text, EMPLOYERS) == {}


@pytest.mark.parametrize(
    "text",
    lines("""
        Ann Example is no longer with Example Works.
        Ann no longer works here.
        Ann has left the company.
        Ann has left Example Works Ltd. Please write to Oleg.
        I no longer work at Example Works.
        Анна больше не работает в компании.
        Анна уволилась, пишите Олегу.
        Анна у нас уже не работает.
        Сотрудник завершил работу в компании.
        """),
)
def test_a_mailbox_says_that_its_owner_has_left(text: str) -> None:
    assert set(says(text, EMPLOYERS, automatic=True)) == {LEFT}


@pytest.mark.parametrize(
    "text",
    lines("""
        I am out of the office until Monday.
        I am no longer on call; please phone the office.
        My last day before my leave was Friday.
        Thank you for your letter; I have recommended you to Oleg.
        Ann, meet Oleg.
        Сайт больше не работает.
        Я в отпуске до понедельника.
        """),
)
def test_a_mailbox_says_nothing_else(text: str) -> None:
    assert says(text, EMPLOYERS, automatic=True) == {}


def test_an_employer_has_to_be_the_writers_own() -> None:
    assert says("I am leaving Example Works.", ["Another"]) == {}
    assert says("I am leaving Example Works.") == {}
    assert says("I am leaving Example Works.", ["EXAMPLE works, Inc."]) == {LEFT: "leaving-by-name"}


def test_every_rule_is_tried() -> None:
    used = {rule for kind, text in SAID.items() for line in lines(text) for rule in says(line, EMPLOYERS).values()}
    assert {rule.name for rule in RULES if not rule.notice} == used
    assert len({rule.name for rule in RULES}) == len(RULES)


# -- own words ---------------------------------------------------------------------------------------

OWN = "Dear Petra,\n\nthank you for the talk."
NEWS = "I have recommended you to Oleg."


@pytest.mark.parametrize(
    "old",
    [
        f"> {NEWS}",
        f"On 3 Nov 2026, at 10:00, Petra <petra@example.org> wrote:\n\n{NEWS}",
        f"On Tue, 3 Nov 2026 at 10:00, Petra Iljina\n<petra@example.org> wrote:\n{NEWS}",
        f"3 ноября 2026 г., 10:00, Петра <petra@example.org> написал(а):\n{NEWS}",
        f"03.11.2026 10:00, Петра пишет:\n{NEWS}",
        f"Вторник, 3 ноября 2026, 10:00 +03:00 от Петра Ильина <petra@example.org>:\n \n{NEWS}",
        f"03.11.2026, 10:00, «Петра» <petra@example.org>:\n{NEWS}",
        f"Von: Petra\nGesendet: Dienstag\nAn: Ann\nBetreff: x\n\n{NEWS}",
        f"Am 3.11.2026 um 10:00 schrieb Petra:\n{NEWS}",
        f"-----Original Message-----\nFrom: Petra\n{NEWS}",
        f"---------- Forwarded message ---------\n{NEWS}",
        f"-------- Пересылаемое сообщение --------\n{NEWS}",
        f"________________________________\n{NEWS}",
        f"From: Petra\nSent: Tuesday\nTo: Ann\nSubject: x\n\n{NEWS}",
        f"От: Петра\nДата: вторник\nКому: Анна\nТема: x\n\n{NEWS}",
        f"-- \nAnn\n{NEWS}",
        f"--\nAnn\n{NEWS}",
        f"Sent from my phone\n{NEWS}",
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_what_is_quoted_or_signs_is_nobodys_word(old: str, end: str) -> None:
    text = f"{OWN}\n\n{old}".replace("\n", end)
    assert own_words(text) == OWN
    assert says(text) == {}


def test_an_answer_below_what_it_answers_is_read() -> None:
    assert set(says(f"On 3 Nov 2026, Petra wrote:\n> Any news?\n\n{NEWS}")) == {RECOMMENDATION}


def test_an_ordinary_colon_ends_nothing() -> None:
    assert set(says(f"He wrote:\n{NEWS}")) == {RECOMMENDATION}
    assert set(says(f"From: the heart.\n\n{NEWS}")) == {RECOMMENDATION}


SENTENCES = [line for text in SAID.values() for line in lines(text)]


@given(st.sampled_from(SENTENCES), st.text(max_size=200))
def test_quoting_it_unsays_it(text: str, before: str) -> None:
    quoted = "\n".join(f"> {line}" for line in text.splitlines())
    assert says(f"{before}\n\n{quoted}", EMPLOYERS) == says(before, EMPLOYERS)


@given(st.sampled_from(SENTENCES), st.integers(8, 90))
def test_where_lines_break_does_not_matter(text: str, width: int) -> None:
    import textwrap

    # not at a dash: a line that is nothing but dashes is a signature's
    wrapped = textwrap.fill(text, width, break_on_hyphens=False, break_long_words=False)
    if not any(line.strip("-— ") == "" for line in wrapped.splitlines()):
        assert says(f"Dear Petra,\n\n{wrapped}", EMPLOYERS) == says(text, EMPLOYERS)


@given(st.sampled_from(SENTENCES))
def test_a_question_says_nothing(text: str) -> None:
    assert says(text.rstrip(".!") + "?", EMPLOYERS) == {}


@given(st.text(max_size=3000), st.booleans())
def test_any_text_is_read_to_an_end(text: str, automatic: bool) -> None:
    assert set(says(text, EMPLOYERS, automatic=automatic)) <= {RECOMMENDATION, INTRODUCTION, LEFT}


@given(st.sampled_from(SENTENCES))
def test_what_stands_far_below_is_not_looked_at(text: str) -> None:
    assert says("x" * OPENING + "\n\n" + text, EMPLOYERS) == {}


def test_only_names_of_rules_come_out() -> None:
    names = {rule.name for rule in RULES}
    for text in SENTENCES:
        assert set(says(text, EMPLOYERS).values()) <= names
    assert all(len(name.split()) == 1 for name in names)
    assert phrases.LEFT == "left"
