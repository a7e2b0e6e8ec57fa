"""Found words marked in text that may hold anything: escaped first, marked after."""

from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

BEGIN, END = "\ue000", "\ue001"
"""What the engine writes around a found word: characters of the private use area, which are taken out of the text."""


def marked(text: str) -> SafeString:
    """The text as HTML, with <mark> around what lies between BEGIN and END."""
    first, *rest = text.split(BEGIN)
    parts = [SafeString(conditional_escape(first.replace(END, "")))]
    for one in rest:
        found, _, after = one.partition(END)
        parts.append(format_html("<mark>{}</mark>{}", found, after.replace(END, "")))
    return mark_safe("".join(parts))  # noqa: S308 - every part is escaped above


def joined(texts: list[str]) -> SafeString:
    """Several fragments with an ellipsis between them."""
    return format_html_join(" … ", "{}", ((marked(text),) for text in texts))
