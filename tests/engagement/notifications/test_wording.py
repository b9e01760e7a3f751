"""What can be said and how it looks: the sandbox, the HTML, the built-in wordings (NTF-30 … NTF-33, NTF-81, NTF-84)."""

from __future__ import annotations

import re

import pytest

from chalicelib.engagement.notifications import catalogue, markup, sandbox
from chalicelib.engagement.notifications.catalogue import KINDS, LOCALES, Wording
from chalicelib.engagement.notifications.composing import Composed, check, compose
from chalicelib.engagement.notifications.errors import Unusable
from chalicelib.engagement.notifications.guard import GUARDED
from chalicelib.identity.credentials.codes import Purpose
from chalicelib.identity.sessions.notices import FactorChange
from chalicelib.platform import messages, registry
from chalicelib.platform.http.endpoint import Endpoint
from infra.local.emulator import Emulator
from infra.local.mailbox import Mailbox
from infra.package import application
from tests.engagement.notifications.outbox import put_code, put_notice

KIND = KINDS["AUTH_PASSWORD_CHANGED"]
EVERY = [(key, locale) for key in KINDS for locale in LOCALES]


def composed(key: str, locale: str, **more: object) -> Composed:
    kind, wording = KINDS[key], catalogue.built_in(key, locale)
    assert wording is not None
    return compose(kind, wording, {**kind.samples(), **more}, locale)


def issue_of(html: str = "<p>x</p>", subject: str = "S", text: str | None = None) -> str | None:
    try:
        check(KIND, Wording(subject, html, text))
    except Unusable as broken:
        return broken.issue
    return None


@pytest.mark.rule("NTF-30", "NTF-43")
def test_every_template_that_code_can_cause_is_worded_as_it_is_declared() -> None:
    registry.load_all()
    identity = {key: one for key, one in messages.declared().items() if not key.startswith("TEST_")}
    assert set(identity) == set(KINDS)
    for key, one in identity.items():
        kind = KINDS[key]
        assert one.message_class == kind.message_class, key
        for name in ("required", "optional", "sealed"):
            assert set(getattr(one, name)) == set(getattr(kind, name)), f"{key}.{name}"


@pytest.mark.rule("NTF-30", "NTF-31", "NTF-33", "NTF-84")
@pytest.mark.parametrize(("key", "locale"), EVERY)
def test_a_built_in_wording_keeps_every_rule(key: str, locale: str) -> None:
    wording = catalogue.built_in(key, locale)
    assert wording is not None
    check(KINDS[key], wording)
    used = sandbox.check(wording.html, "html", {*KINDS[key].variables, *catalogue.BUILT_IN})
    assert set(KINDS[key].sealed) <= used


@pytest.mark.rule("NTF-81", "NTF-54")
@pytest.mark.parametrize(("key", "locale"), EVERY)
def test_a_mail_fits_a_phone_without_images(key: str, locale: str) -> None:
    mail = composed(key, locale)
    assert len(mail.html.encode()) <= 100 * 1024
    assert 'name="viewport"' in mail.html
    assert "prefers-color-scheme:dark" in mail.html
    assert f'<html lang="{locale}">' in mail.html
    for forbidden in ("<img", "src=", "url(", "<link", "@import", "<script"):
        assert forbidden not in mail.html
    widths = [int(one) for one in re.findall(r"[^-]width:(\d+)px", mail.html)]
    assert widths == []
    assert "None" not in mail.html + mail.text + mail.subject
    devanagari = re.search("[\u0900-\u097f]", mail.subject)
    assert bool(devanagari) == (locale == "hi")


@pytest.mark.rule("NTF-30")
def test_the_wordings_go_with_the_application() -> None:
    packed = {name for name, _ in application.own_files()}
    folder = "chalicelib/engagement/notifications/wording"
    assert {f"{folder}/{key}.{locale}.j2" for key, locale in EVERY} <= packed


@pytest.mark.rule("NTF-84", "NTF-30")
@pytest.mark.parametrize(
    ("locale", "begins"),
    [
        ("hi-IN", "साइन-इन करने का कोड"),
        ("hi", "साइन-इन करने का कोड"),
        ("en-IN", "Your sign-in code"),
        ("ta-IN", "Your sign-in code"),
    ],
)
def test_people_are_written_to_in_their_language(cloud: Emulator, mailbox: Mailbox, locale: str, begins: str) -> None:
    put_code(locale=locale)
    cloud.drain()
    assert mailbox.all()[0]["subject"].startswith(begins)


@pytest.mark.rule("NTF-84")
def test_hindi_arrives_as_it_was_written(cloud: Emulator, mailbox: Mailbox) -> None:
    put_notice(locale="hi-IN", payload={"userName": "आशा कुमारी"})
    cloud.drain()
    (mail,) = mailbox.all()
    assert "नमस्ते आशा कुमारी," in mail["text"]
    assert "नमस्ते आशा कुमारी," in mail["html"]


@pytest.mark.rule("NTF-81")
def test_instants_are_the_academys(monkeypatch: pytest.MonkeyPatch) -> None:
    at = "2026-11-20T18:45:00.000Z"
    assert "21 November 2026, 12:15 am IST" in composed("AUTH_LOGIN_ATTACK", "en", at=at).text
    assert "21 नवंबर 2026, रात 12:15 बजे" in composed("AUTH_LOGIN_ATTACK", "hi", at=at).text
    monkeypatch.setenv("ACADEMY_TIMEZONE", "Europe/Paris")
    assert "20 November 2026, 7:45 pm CET" in composed("AUTH_LOGIN_ATTACK", "en", at=at).text


@pytest.mark.rule("NTF-30")
@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize(
    ("key", "name", "values"),
    [
        ("AUTH_OTP", "purpose", [one.value for one in Purpose]),
        ("AUTH_MFA_CHANGED", "change", [one.value for one in FactorChange]),
    ],
)
def test_each_occasion_has_words_of_its_own(locale: str, key: str, name: str, values: list[str]) -> None:
    said = [composed(key, locale, **{name: value}).text for value in values]
    assert len(set(said)) == len(values)
    for text, value in zip(said, values, strict=True):
        assert value not in text


@pytest.mark.rule("NTF-31")
def test_values_are_escaped() -> None:
    mail = composed("AUTH_PASSWORD_CHANGED", "en", device="<script>alert(1)</script> & <b>Co</b>")
    assert "<script>" not in mail.html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &lt;b&gt;Co" in mail.html


@pytest.mark.rule("NTF-31")
@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ device.__class__ }}",
        "{{ device['__class__'] }}",
        "{{ device|attr('__class__') }}",
        "{{ device.upper() }}",
        "{{ range(9) }}",
        "{{ 'a' * 1000000000 }}",
        "{{ 9 ** 999999999 }}",
        "{% include 'x' %}",
        "{% import 'x' as y %}",
        "{% extends 'x' %}",
        "{% set x = 1 %}",
        "{% macro a() %}{{ a() }}{% endmacro %}",
        "{% autoescape false %}{{ device }}{% endautoescape %}",
        "{{ device|safe }}",
        "{{ device|center(100000000) }}",
        "{% for x in device recursive %}{{ loop(x) }}{% endfor %}",
        "{{ self }}",
        "{{ _meter }}",
    ],
)
def test_a_template_reaches_nothing_but_its_values(source: str) -> None:
    assert issue_of(f"<p>{source}</p>") in {"NOT_ALLOWED", "UNKNOWN_VARIABLE", "SYNTAX"}
    assert issue_of(subject=source) in {"NOT_ALLOWED", "UNKNOWN_VARIABLE", "SYNTAX"}


@pytest.mark.rule("NTF-31")
def test_loops_end() -> None:
    digits = "{% for a in '0123456789' %}"
    inside = "".join(digits.replace("a in", f"{name} in") for name in "abcdefgh")
    assert issue_of(f"<p>{inside}x{'{% endfor %}' * 8}</p>") == "TOO_MANY_LOOPS"
    assert issue_of(f"<p>{digits}{{{{ a }}}}{{% endfor %}}</p>") is None
    thousand = f"<p>{'{% for b in device %}' * 1}{{% endfor %}}</p>"
    values = {"device": "x" * 1_000, "locale": "en"}
    assert sandbox.render(thousand, "html", values) == "<p></p>"
    with pytest.raises(Unusable, match="TOO_MANY_LOOPS"):
        sandbox.render(thousand, "html", {**values, "device": "x" * 1_001})


@pytest.mark.rule("NTF-31")
def test_slow_and_endless_output_is_stopped() -> None:
    long = "{% for a in device %}" + "y" * 90_000 + "{% endfor %}"
    with pytest.raises(Unusable, match="TOO_LONG"):
        sandbox.render(long, "html", {"device": "x" * 999, "locale": "en"})
    slow = "{% for a in device %}" + "{{ text|upper|lower|trim|length }}" * 800 + "{% endfor %}"
    with pytest.raises(Unusable, match=r"TOO_SLOW|TOO_LONG"):
        sandbox.render(slow, "html", {"device": "x" * 999, "text": "y" * 16_000, "locale": "en"})


@pytest.mark.rule("NTF-31")
def test_wrong_syntax_is_told_with_its_line() -> None:
    with pytest.raises(Unusable) as told:
        check(KIND, Wording("S", "<p>a</p>\n<p>{% if device %}</p>\n<p>{{ device }</p>"))
    assert (told.value.issue, told.value.line) == ("SYNTAX", 3)
    assert issue_of("{% if device %}" * 60 + "x" + "{% endif %}" * 60) == "TOO_DEEP"
    assert issue_of("<p>" + "x" * 103_000 + "</p>") == "TOO_LONG"


@pytest.mark.rule("NTF-33")
@pytest.mark.parametrize("subject", ["Hello\nBcc: all@example.in", "a\r\nb", "a\x00b", "a\u2028b", "x" * 201, " "])
def test_a_subject_is_one_line(subject: str) -> None:
    assert issue_of(subject=subject) in {"CONTROL_CHARACTERS", "LENGTH"}


@pytest.mark.rule("NTF-33")
def test_a_value_cannot_add_a_header() -> None:
    with pytest.raises(Unusable, match="CONTROL_CHARACTERS"):
        compose(KIND, Wording("For {{ device }}", "<p>x</p>"), {**KIND.samples(), "device": "x\nBcc: y@z.in"}, "en")


@pytest.mark.rule("NTF-52", "NTF-33")
def test_a_code_never_stands_in_a_subject() -> None:
    with pytest.raises(Unusable, match="SEALED_IN_SUBJECT"):
        check(KINDS["AUTH_OTP"], Wording("Code {{ code }}", "<p>{{ code }}</p>"))


REFUSED = [
    "<script>alert(1)</script>",
    "<p><SCRIPT src=//x></SCRIPT></p>",
    "<form action='https://x.in'><p>x</p></form>",
    "<input name=a>",
    "<iframe src='https://x.in'></iframe>",
    "<img src='https://x.in/a.png'>",
    "<object data=x></object>",
    "<svg onload=alert(1)></svg>",
    "<style>p{}</style>",
    "<meta http-equiv=refresh content=0>",
    "<base href='https://x.in'>",
    "<p onclick=alert(1)>x</p>",
    "<p oNmOuSeOvEr='x'>x</p>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href=' javascript:alert(1)'>x</a>",
    "<a href='java\tscript:alert(1)'>x</a>",
    "<a href='&#106;avascript:alert(1)'>x</a>",
    "<a href='data:text/html,x'>x</a>",
    "<a href='vbscript:x'>x</a>",
    "<a href='http://x.in'>x</a>",
    "<a href='//x.in'>x</a>",
    "<a href='/relative'>x</a>",
    "<a href='https://'>x</a>",
    "<a href='https://evil.example/{{ device }}'>x</a>",
    "<a href='javascript:{{ device }}'>x</a>",
    "<a href='{{ device }}'>x</a>",
    "<p style='background:url(https://x.in)'>x</p>",
    "<p style='color:expression(alert(1))'>x</p>",
    "<p style='position:fixed'>x</p>",
    "<p style='{{ device }}'>x</p>",
    "<p class='{{ device }}'>x</p>",
    "<!-- x --><p>x</p>",
    "<!DOCTYPE html><p>x</p>",
    "<?php x ?>",
    "<p>x",
    "<p><b>x</p></b>",
    "<{{ device }}>",
    "<p {% if device %}onclick=x{% endif %}>x</p>",
]


@pytest.mark.rule("NTF-33")
@pytest.mark.parametrize("html", REFUSED)
def test_html_that_runs_loads_or_deceives_is_refused(html: str) -> None:
    assert issue_of(html) is not None


@pytest.mark.rule("NTF-33")
@pytest.mark.parametrize("html", REFUSED)
def test_whatever_comes_out_of_a_value_is_harmless(html: str) -> None:
    wording = Wording("S", "<p>{{ device }}</p>")
    mail = compose(KIND, wording, {**KIND.samples(), "device": html.replace("{{ device }}", "x")}, "en")
    content = mail.html.partition("m-paper")[2]
    assert not re.search(
        r"<(script|form|iframe|img|svg|style|meta|base|object|input)\b|<[^>]*\son\w+=", content, re.IGNORECASE
    )


@pytest.mark.rule("NTF-33")
@pytest.mark.parametrize(
    "html",
    [
        "<h1>A</h1><p>b <strong>c</strong><br>d</p>",
        "<a href='https://anywhere.example/x?y=1&amp;z=2'>x</a>",
        "<a href='mailto:help@example.in'>x</a> <a href='tel:+911234567890'>x</a>",
        "<a href='{{ frontendUrl }}/me?d={{ device|urlencode }}'>x</a>",
        "<table><tr><th>a</th><td>b</td></tr></table>",
        "<p style='color:#123456; text-align:center'>x</p>",
        "<ul><li>a</li><li>b</li></ul><hr><blockquote>c</blockquote>",
        "<p title='{{ device }}'>5 < 6 &amp; 7</p>",
    ],
)
def test_what_mails_are_made_of_is_allowed(html: str) -> None:
    assert issue_of(html) is None


@pytest.mark.rule("NTF-33")
@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/reset?token=x",
        "http://pathshala.example/reset",
        "https://pathshala.example@evil.example/",
        "https://pathshala.example.evil.example/",
        "javascript:alert(1)",
        "https://pathshala.example\\@evil.example",
    ],
)
def test_a_link_made_of_values_leads_to_us(link: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRONTEND_URL", "https://pathshala.example")
    with pytest.raises(Unusable, match="LINK_NOT_ALLOWED"):
        composed("AUTH_RESET", "en", resetUrl=link)
    assert (
        "https://pathshala.example/reset?token=t"
        in composed("AUTH_RESET", "en", resetUrl="https://pathshala.example/reset?token=t").html
    )


@pytest.mark.rule("NTF-33")
def test_the_text_part_is_made_from_the_html() -> None:
    html = (
        "<h1>Receipt</h1>\n<p>Hello,\n  <strong>Asha</strong>!<br>Thanks.</p><ul><li>one</li><li>two</li></ul>"
        "<table><tr><th>Plan</th><td>Year</td></tr><tr><th>Paid</th><td>₹499</td></tr></table>"
        "<p><a href='https://a.in/x'>Open</a> or <a href='https://a.in/y'>https://a.in/y</a></p>"
    )
    assert markup.as_text(html) == (
        "Receipt\n\nHello, Asha!\nThanks.\n\n- one\n- two\n\nPlan: Year\nPaid: ₹499\n\n"
        "Open (https://a.in/x) or https://a.in/y\n"
    )
    own = compose(KIND, Wording("S", "<p>x</p>", "Only {{ device }}"), KIND.samples(), "en")
    assert own.text.startswith("Only Chrome on Android\n")


@pytest.mark.rule("NTF-34")
def test_no_public_call_chooses_a_template() -> None:
    registry.load_all()
    assert {"AUTH_OTP", "AUTH_RESET", "AUTH_VERIFY"} == GUARDED
    for endpoint in registry.of(Endpoint):
        if not endpoint.public or not endpoint.module.startswith("functions."):
            continue
        for model in (endpoint.body_model, endpoint.query_model):
            names = {name.lower() for name in (model.model_fields if model else ())}
            assert not {name for name in names if "template" in name or name in {"subject", "html", "channel"}}, (
                endpoint.name
            )
