"""How one template file is read and run: sandboxed, strict about what is not known, exact about what is wrong.

The only module that imports Jinja; `daemon.service.render` imports it when something is rendered.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from jinja2 import FileSystemLoader, Template, TemplateNotFound, TemplateSyntaxError, Undefined, nodes
from jinja2.sandbox import SandboxedEnvironment

from daemon.core.errors import UserMistake
from daemon.core.plain import one_line

_PART = re.compile(r"(subject|text|formal|familiar)_(\w+)\Z")


class TemplateFault(UserMistake):
    """A template cannot be used; the sentence names its file and line. No draft is made of it."""


class Missing(Undefined):
    """An unknown fact: false in a condition, an error wherever it would be printed. So no placeholder gets out.

    A name that is no fact at all (misspelt) has no hint and is an error in a condition too.
    """

    __slots__ = ()

    def __bool__(self) -> bool:
        if self._undefined_hint is None:
            self._fail_with_undefined_error()
        return False

    def __eq__(self, other: object) -> bool:
        return bool(self) or isinstance(other, Missing)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return bool(self)

    def __str__(self) -> str:
        self._fail_with_undefined_error()

    def __len__(self) -> int:
        self._fail_with_undefined_error()

    def __iter__(self) -> Iterator[Any]:
        self._fail_with_undefined_error()

    def __contains__(self, item: object) -> bool:
        self._fail_with_undefined_error()


@dataclass(frozen=True, slots=True)
class Loaded:
    """A compiled template and the facts it says it cannot do without (``{% set needs = ["title"] %}``)."""

    path: Path
    template: Template
    needs: tuple[str, ...]
    reads: frozenset[str] = frozenset()  # the names it asks for, and what it imports


class Filled:
    """One template run with its variables; its blocks are then asked for by name.

    The whole file runs once at the start: its macros and settings become visible to the blocks, and a fault in any
    variant shows at once, not on the day its turn comes.

    Raises:
        TemplateFault: the template fails with these variables.
    """

    def __init__(self, loaded: Loaded, variables: Mapping[str, Any]) -> None:
        self.path = loaded.path
        self._blocks = loaded.template.blocks
        with _named(self.path):
            self._context = loaded.template.new_context(_with_missing(variables))
            for _ in loaded.template.root_render_func(self._context):
                pass

    def variants(self) -> tuple[str, ...]:
        """The names of its variants: each has subject_N, and text_N or both formal_N and familiar_N.

        Raises:
            TemplateFault: there is none, or one lacks a part.
        """
        names = set(self._blocks)
        numbers = sorted({match[2] for match in map(_PART.match, names) if match})
        if not numbers:
            raise TemplateFault(f"{self.path}: there is no block subject_1.")
        for n in numbers:
            if f"subject_{n}" not in names:
                raise TemplateFault(f"{self.path}: there is no block subject_{n}.")
            if f"text_{n}" not in names and not {f"formal_{n}", f"familiar_{n}"} <= names:
                raise TemplateFault(f"{self.path}: there is neither text_{n} nor both formal_{n} and familiar_{n}.")
        return tuple(numbers)

    def show(self, *names: str) -> str:
        """The text of the first of these blocks there is.

        Raises:
            TemplateFault: there is none of them, or it fails.
        """
        for name in names:
            if name in self._blocks:
                with _named(self.path):
                    return "".join(self._blocks[name](self._context))
        raise TemplateFault(f"{self.path}: there is no block {names[0]}.")


def load(path: Path, folders: Sequence[Path]) -> Loaded:
    """Compile a template. What it imports is looked for beside it, then in its language's folder of ``folders``.

    Raises:
        TemplateFault: it cannot be read or is no valid template.
    """
    environment = SandboxedEnvironment(
        loader=FileSystemLoader([path.parent, *(folder / path.parent.name for folder in folders)]),
        undefined=Missing,
        autoescape=False,  # plain text; the HTML part is made from it, escaped
        trim_blocks=True,
        lstrip_blocks=True,
    )
    with _named(path):
        source = path.read_text(encoding="utf-8")
        tree = environment.parse(source, path.name, str(path))
        return Loaded(path, environment.get_template(path.name), _needs(tree), _reads(tree, environment, {path.name}))


def _reads(tree: nodes.Node, environment: SandboxedEnvironment, seen: set[str]) -> frozenset[str]:
    """The names a template asks for and does not set itself, those of the macros it imports included.

    ``seen``: what was looked at already.
    """
    found = {each.name for each in tree.find_all(nodes.Name) if each.ctx == "load"}
    found -= _sets(tree) | set(environment.globals) | _OF_JINJA
    imports: list[nodes.FromImport | nodes.Import | nodes.Include] = [
        *tree.find_all(nodes.FromImport),
        *tree.find_all(nodes.Import),
        *tree.find_all(nodes.Include),
    ]
    for each in imports:
        name = str(each.template.value) if isinstance(each.template, nodes.Const) else ""
        if name in ("", *seen) or environment.loader is None:
            continue
        source, _, _ = environment.loader.get_source(environment, name)
        there: nodes.Node = environment.parse(source, name)
        if isinstance(each, nodes.FromImport):
            wanted = {n if isinstance(n, str) else n[0] for n in each.names}
            for macro in there.find_all(nodes.Macro):
                if macro.name in wanted:
                    found |= _reads(macro, environment, {*seen, name}) - _sets(there)
        else:
            found |= _reads(there, environment, {*seen, name})
    return frozenset(found)


_OF_JINJA = frozenset({"loop", "self", "super", "caller", "varargs", "kwargs"})


def _sets(tree: nodes.Node) -> set[str]:
    """The names a template gives a meaning: what it sets, loops over, defines or imports."""
    found = {each.name for each in tree.find_all(nodes.Name) if each.ctx != "load"}
    found |= {each.name for each in tree.find_all(nodes.Macro)} | {each.target for each in tree.find_all(nodes.Import)}
    for each in tree.find_all(nodes.FromImport):
        found |= {name if isinstance(name, str) else name[1] for name in each.names}
    return found


def _needs(tree: nodes.Template) -> tuple[str, ...]:
    """Read from the source, not by running it: without these facts it must not run at all."""
    for assign in tree.find_all(nodes.Assign):
        if isinstance(assign.target, nodes.Name) and assign.target.name == "needs":
            return tuple(str(each.value) for each in assign.node.find_all(nodes.Const))
    return ()


def _with_missing(variables: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: Missing(hint=f"{name} is not known here: put its sentence between {{% if {name} %}} and {{% endif %}}")
        if value in ("", None, ())
        else value
        for name, value in variables.items()
    }


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Turns whatever goes wrong inside into one sentence naming file and line."""
    try:
        yield
    except TemplateFault:
        raise
    except TemplateNotFound as e:
        raise TemplateFault(f"{path}: the template {e.name} it asks for does not exist.") from None
    except TemplateSyntaxError as e:
        raise TemplateFault(f"{e.filename or path}, line {e.lineno}: {_sentence(e)}") from None
    except UnicodeDecodeError:
        raise TemplateFault(f"{path} is not in UTF-8: save it as UTF-8.") from None
    except Exception as e:  # a template may raise anything: a division by zero, a wrong filter argument
        raise TemplateFault(f"{_where(path, e.__traceback__)}: {_sentence(e)}") from None


def _where(path: Path, traceback: TracebackType | None) -> str:
    found = str(path)
    while traceback is not None:
        template = traceback.tb_frame.f_globals.get("__jinja_template__")  # set in the code Jinja compiles
        if isinstance(template, Template):
            found = f"{template.filename}, line {template.get_corresponding_lineno(traceback.tb_lineno)}"
        traceback = traceback.tb_next
    return found


def _sentence(error: Exception) -> str:
    what = one_line(str(error), 300) or type(error).__name__
    return what if what.endswith((".", "…")) else f"{what}."
