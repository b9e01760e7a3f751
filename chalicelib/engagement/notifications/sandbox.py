"""Templates that staff may write: Jinja2 in which nothing can be reached but the given values (NTF-31).

Three fences. What a template may be made of is a list of syntax nodes, looked at before anything is compiled: no call,
no import, no macro, no arithmetic, no name that begins with an underscore. Values are plain JSON, and a dot looks into
mappings only. Rendering counts loops, output and the thread's own processor time between one step and the next; since
no single step can be long, that is an honest limit.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, nodes, pass_context
from jinja2.meta import find_undeclared_variables
from jinja2.runtime import Context, LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment

from chalicelib.engagement.notifications.catalogue import MAX_SOURCE
from chalicelib.engagement.notifications.errors import Unusable
from chalicelib.engagement.notifications.moments import spoken

MAX_LOOPS = 1_000
MAX_SECONDS = 0.2
MAX_OUTPUT = 409_600
MAX_DEPTH = 40
_METER = "_meter"
_LOOP = frozenset({"index", "first", "last"})

ALLOWED: tuple[type[nodes.Node], ...] = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Const,
    nodes.List,
    nodes.Tuple,
    nodes.If,
    nodes.For,
    nodes.CondExpr,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.Filter,
    nodes.Test,
    nodes.Getattr,
    nodes.Getitem,
)
FILTERS = frozenset(
    {"instant", "day", "default", "length", "lower", "upper", "trim", "first", "last", "join", "urlencode"}
)
TESTS = frozenset({"defined", "none", "string", "number", "eq", "ne", "in"})


class _Meter:
    """What one rendering has used so far."""

    def __init__(self) -> None:
        self.loops = 0
        self.size = 0
        self.started = time.thread_time()

    def check(self) -> None:
        if self.loops > MAX_LOOPS:
            raise Unusable("TOO_MANY_LOOPS", f"loops run at most {MAX_LOOPS:,} times in all")
        if self.size > MAX_OUTPUT:
            raise Unusable("TOO_LONG", f"a mail has at most {MAX_OUTPUT:,} characters before it is dressed")
        if time.thread_time() - self.started > MAX_SECONDS:
            raise Unusable("TOO_SLOW", f"rendering takes at most {int(MAX_SECONDS * 1000)} ms")


@pass_context
def _counted(context: Context, values: Iterable[Any]) -> Iterator[Any]:
    meter: _Meter = context[_METER]
    for value in values:
        meter.loops += 1
        meter.check()
        yield value


@pass_context
def _instant(context: Context, value: Any) -> str:
    return spoken(value, str(context["locale"]), with_time=True)


@pass_context
def _day(context: Context, value: Any) -> str:
    return spoken(value, str(context["locale"]), with_time=False)


class _Environment(ImmutableSandboxedEnvironment):
    """Dots and brackets look into mappings and lists of the given values, and nowhere else."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, LoopContext) and argument in _LOOP:
            return getattr(obj, argument)
        try:
            return obj[argument] if isinstance(obj, (Mapping, list)) else self.undefined(obj=obj, name=argument)
        except (KeyError, IndexError, TypeError):
            return self.undefined(obj=obj, name=argument)

    def is_safe_callable(self, obj: Any) -> bool:
        return False


def _shown(value: Any) -> Any:
    return "" if value is None else value


def _environment(*, html: bool) -> _Environment:
    environment = _Environment(
        autoescape=html,
        undefined=StrictUndefined,
        finalize=_shown,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        cache_size=0,
    )
    known: dict[str, Callable[..., Any]] = {"instant": _instant, "day": _day}
    environment.filters = {name: known.get(name) or environment.filters[name] for name in sorted(FILTERS)}
    environment.filters[_METER] = _counted
    environment.tests = {name: environment.tests[name] for name in sorted(TESTS)}
    environment.globals.clear()
    return environment


_HTML = _environment(html=True)
_PLAIN = _environment(html=False)


def _parsed(source: str, part: str) -> nodes.Template:
    """The syntax tree, if it holds nothing but what is allowed. Raises ``Unusable``."""
    if len(source.encode()) > MAX_SOURCE:
        raise Unusable("TOO_LONG", f"at most {MAX_SOURCE:,} bytes", part=part)
    try:
        tree = (_HTML if part == "html" else _PLAIN).parse(source)
    except TemplateSyntaxError as error:
        raise Unusable("SYNTAX", error.message or "wrong syntax", part=part, line=error.lineno) from error
    except RecursionError as error:
        raise Unusable("TOO_DEEP", "is nested too deeply", part=part) from error
    _check(tree, part)
    return tree


def _check(tree: nodes.Template, part: str) -> None:
    waiting: list[tuple[nodes.Node, int]] = [(tree, 0)]
    while waiting:
        node, depth = waiting.pop()
        if depth > MAX_DEPTH:
            raise Unusable("TOO_DEEP", "is nested too deeply", part=part, line=node.lineno)
        why = _refused(node)
        if why:
            raise Unusable("NOT_ALLOWED", why, part=part, line=node.lineno)
        waiting.extend((child, depth + 1) for child in node.iter_child_nodes())


def _refused(node: nodes.Node) -> str | None:
    """Why a node may not stand in a template."""
    if not isinstance(node, ALLOWED):
        return f"{type(node).__name__.lower()} is not available in templates"
    if isinstance(node, nodes.Filter) and (node.name not in FILTERS or node.node is None):
        return f"the filter {node.name} is not available in templates"
    if isinstance(node, nodes.Test) and node.name not in TESTS:
        return f"the test {node.name} is not available in templates"
    if isinstance(node, nodes.For) and node.recursive:
        return "loops do not call themselves"
    name = node.name if isinstance(node, nodes.Name) else node.attr if isinstance(node, nodes.Getattr) else ""
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
        name = str(node.arg.value)
    if name == "self":
        return "the template itself is not available in templates"
    return "names that begin with an underscore are not available" if name.startswith("_") else None


def check(source: str, part: str, allowed: Iterable[str]) -> set[str]:
    """The variables that a source names. Raises ``Unusable`` for syntax, for what is not available, unknown names."""
    named = find_undeclared_variables(_parsed(source, part))
    unknown = sorted(named - set(allowed))
    if unknown:
        sentence = f"{', '.join(unknown)}: there is no such variable here"
        raise Unusable("UNKNOWN_VARIABLE", sentence, part=part, line=_line_of(source, unknown[0]))
    return named


def _line_of(source: str, name: str) -> int | None:
    return next((number for number, line in enumerate(source.splitlines(), 1) if name in line), None)


def literal(source: str, part: str, mark: str) -> str:
    """The text of a source without its logic: ``mark`` stands for every value that is put in, blocks leave nothing."""
    try:
        tokens = list((_HTML if part == "html" else _PLAIN).lex(source))
    except TemplateSyntaxError as error:
        raise Unusable("SYNTAX", error.message or "wrong syntax", part=part, line=error.lineno) from error
    kept = {"data": None, "variable_begin": mark}
    return "".join(kept[kind] or text for _, kind, text in tokens if kind in kept)


@lru_cache(maxsize=128)
def _compiled(source: str, part: str) -> Template:
    """The template, its loops counted; kept, since the same wordings come again and again."""
    tree = _parsed(source, part)
    for loop in tree.find_all(nodes.For):
        loop.iter = nodes.Filter(loop.iter, _METER, [], [], None, None, lineno=loop.lineno)
    environment = _HTML if part == "html" else _PLAIN
    return environment.template_class.from_code(environment, environment.compile(tree), {})


def render(source: str, part: str, values: Mapping[str, Any]) -> str:
    """The source with its values. Raises ``Unusable``; ``values`` are plain JSON values and ``locale``."""
    chunks: list[str] = []
    try:
        template = _compiled(source, part)
        meter = _Meter()
        for chunk in template.generate({**values, _METER: meter}):
            meter.size += len(chunk)
            meter.check()
            chunks.append(chunk)
    except TemplateSyntaxError as error:
        raise Unusable("SYNTAX", error.message or "wrong syntax", part=part, line=error.lineno) from error
    except Unusable as error:
        raise Unusable(error.issue, error.message, part=part, line=error.line) from error
    except (TemplateError, ArithmeticError, TypeError, ValueError, LookupError, RecursionError, SyntaxError) as error:
        raise Unusable("FAILS", "cannot be rendered with these values", part=part) from error
    return "".join(chunks)
