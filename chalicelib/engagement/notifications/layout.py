"""How every mail looks (NTF-81): one column that fits a phone, light and dark, without images or web fonts.

Styles stand on the elements, since some mail programs drop everything else; what only those can show that keep a style
sheet (the dark scheme) stands in one small sheet.
"""

from __future__ import annotations

from html import escape

from chalicelib.engagement.notifications.errors import Unusable

MAX_BYTES = 102_400
FONT = "-apple-system,'Segoe UI',Roboto,'Noto Sans','Noto Sans Devanagari','Nirmala UI',Helvetica,Arial,sans-serif"
MONO = "ui-monospace,'SF Mono',Menlo,Consolas,'Liberation Mono',monospace"

_INK, _SOFT, _LINE, _PAPER, _GROUND, _BRAND, _BRAND_SOFT = (
    "#1c2333",
    "#5b6478",
    "#e3e6ee",
    "#ffffff",
    "#f2f4f9",
    "#3346b8",
    "#eef0fb",
)

LOOKS: dict[str, tuple[str, str]] = {
    "h1": ("m-ink", f"margin:0 0 16px;font-size:22px;line-height:1.35;font-weight:700;color:{_INK}"),
    "h2": ("m-ink", f"margin:24px 0 12px;font-size:18px;line-height:1.4;font-weight:700;color:{_INK}"),
    "h3": ("m-ink", f"margin:20px 0 8px;font-size:16px;line-height:1.4;font-weight:700;color:{_INK}"),
    "p": ("m-ink", f"margin:0 0 16px;font-size:16px;line-height:1.6;color:{_INK}"),
    "ul": ("m-ink", f"margin:0 0 16px;padding:0 0 0 22px;font-size:16px;line-height:1.6;color:{_INK}"),
    "ol": ("m-ink", f"margin:0 0 16px;padding:0 0 0 22px;font-size:16px;line-height:1.6;color:{_INK}"),
    "li": ("m-ink", f"margin:0 0 6px;color:{_INK}"),
    "a": ("m-link", f"color:{_BRAND};text-decoration:underline;word-break:break-word"),
    "hr": ("m-line", f"margin:24px 0;border:0;border-top:1px solid {_LINE}"),
    "table": ("m-facts", f"width:100%;margin:0 0 20px;border-collapse:collapse;border-top:1px solid {_LINE}"),
    "th": (
        "m-soft m-line",
        (
            f"padding:10px 12px 10px 0;border-bottom:1px solid {_LINE};font-size:14px;line-height:1.45;"
            f"font-weight:400;text-align:left;vertical-align:top;color:{_SOFT};width:34%"
        ),
    ),
    "td": (
        "m-ink m-line",
        (
            f"padding:10px 0;border-bottom:1px solid {_LINE};font-size:15px;line-height:1.45;"
            f"text-align:left;vertical-align:top;color:{_INK};word-break:break-word"
        ),
    ),
    "small": ("m-soft", f"font-size:14px;line-height:1.5;color:{_SOFT}"),
    "code": ("m-ink", f"font-family:{MONO};font-size:15px;color:{_INK}"),
    "a.button": (
        "m-button",
        (
            f"display:block;padding:14px 20px;border-radius:10px;background-color:{_BRAND};color:#ffffff;"
            "font-size:16px;line-height:1.3;font-weight:600;text-align:center;text-decoration:none"
        ),
    ),
    "p.code": (
        "m-code",
        (
            f"margin:4px 0 20px;padding:18px 8px;border-radius:12px;background-color:{_BRAND_SOFT};color:{_INK};"
            f"font-family:{MONO};font-size:32px;line-height:1.2;font-weight:700;letter-spacing:6px;text-align:center"
        ),
    ),
    "p.note": ("m-soft", f"margin:0 0 16px;font-size:14px;line-height:1.55;color:{_SOFT}"),
}

DARK = (
    ".m-ground{background-color:#0f1219!important}"
    ".m-paper{background-color:#191e29!important;border-color:#2b3242!important}"
    ".m-ink,.m-ink strong,.m-ink b{color:#eceff6!important}"
    ".m-soft{color:#a4adc0!important}"
    ".m-line,.m-facts{border-color:#2f3748!important}"
    ".m-link{color:#a9b6ff!important}"
    ".m-brand{color:#b9c3ff!important}"
    ".m-code{background-color:#262e45!important;color:#f4f6ff!important}"
    ".m-button{background-color:#4c60dc!important;color:#ffffff!important}"
)

FOOTERS = {
    "en": (
        "This mail is about your account at {academy}. Nobody from {academy} will ever ask you for a code or password.",
        "Questions? Write to {support}.",
    ),
    "hi": (
        "यह मेल {academy} पर आपके खाते के बारे में है। {academy} की ओर से कोई भी आपसे कभी कोड या पासवर्ड नहीं माँगेगा।",
        "कोई सवाल हो तो {support} पर लिखें।",
    ),
}


def worn(tag: str, attributes: dict[str, str]) -> dict[str, str]:
    """The attributes that an element wears: its look, then what its author said."""
    named = [f"{tag}.{name}" for name in attributes.get("class", "").split()]
    look = next((LOOKS[name] for name in named if name in LOOKS), LOOKS.get(tag))
    if look is None:
        return {name: value for name, value in attributes.items() if name != "class"}
    style = ";".join(filter(None, (look[1], attributes.get("style", "").strip().rstrip(";"))))
    kept = {name: value for name, value in attributes.items() if name not in ("class", "style")}
    more = {"role": "presentation"} if tag == "table" else {}
    return {**kept, **more, "class": look[0], "style": style}


def footer(language: str, academy: str, support: str) -> list[str]:
    """The lines under every mail."""
    lines = FOOTERS.get(language, FOOTERS["en"])
    shown = [line.format(academy=academy, support=support) for line in lines]
    return shown if support else shown[:1]


def page(content: str, *, subject: str, language: str, academy: str, support: str) -> str:
    """The whole document around dressed content. Raises ``Unusable`` when mail programs would cut it."""
    under = "".join(
        f'<p class="m-soft" style="margin:0 0 8px;font-size:13px;line-height:1.55;color:{_SOFT}">{escape(line)}</p>'
        for line in footer(language, academy, support)
    )
    whole = (
        f'<!DOCTYPE html><html lang="{escape(language)}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark">'
        f"<title>{escape(subject)}</title>"
        f"<style>:root{{color-scheme:light dark;supported-color-schemes:light dark}}"
        f"@media(prefers-color-scheme:dark){{{DARK}}}</style></head>"
        f'<body class="m-ground" style="margin:0;padding:0;background-color:{_GROUND};font-family:{FONT};'
        '-webkit-text-size-adjust:100%">'
        f'<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" class="m-ground" '
        f'style="background-color:{_GROUND}"><tr><td align="center" style="padding:20px 12px 32px">'
        '<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" '
        'style="max-width:560px;margin:0 auto">'
        f'<tr><td class="m-brand" style="padding:4px 4px 14px;font-size:18px;line-height:1.3;font-weight:700;'
        f'color:{_BRAND};font-family:{FONT}">{escape(academy)}</td></tr>'
        f'<tr><td class="m-paper" style="padding:26px 22px 10px;background-color:{_PAPER};border:1px solid {_LINE};'
        f'border-radius:14px;font-family:{FONT}">{content}</td></tr>'
        f'<tr><td style="padding:18px 4px 0;font-family:{FONT}">{under}</td></tr>'
        "</table></td></tr></table></body></html>\n"
    )
    if len(whole.encode()) > MAX_BYTES:
        raise Unusable("TOO_LONG", f"a mail has at most {MAX_BYTES:,} bytes")
    return whole
