"""The Jinja environment: operator's templates over ours, sandboxed, strict, escaping HTML."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Final

from jinja2 import (
    ChoiceLoader,
    FileSystemLoader,
    StrictUndefined,
    TemplateError,
    TemplateNotFound,
    TemplateSyntaxError,
)
from jinja2.sandbox import SandboxedEnvironment

from digest.errors import CatalogError

WIDTH: Final = 76
"""Columns of the text part: RFC 5322 section 2.1.1 asks for 78 or less."""


class Templates:
    """Renders templates by name, such as ``email/letter.html.jinja``.

    A template in the operator's folder takes the place of ours of the same name. Templates see
    what is handed to them and nothing else: no settings, no Python (the sandbox refuses).
    """

    def __init__(self, shipped: Path, operator: Path | None = None) -> None:
        self.folders = [folder for folder in (operator, shipped) if folder is not None]
        self._environment = SandboxedEnvironment(
            loader=ChoiceLoader([FileSystemLoader(folder) for folder in self.folders]),
            autoescape=lambda name: name is not None and ".html." in name,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        self._environment.filters["wrap"] = wrap

    def render(self, name: str, **values: object) -> str:
        """The template filled.

        Raises CatalogError naming file and line when it is missing, broken or asks for a value
        that there is not.
        """
        try:
            return self._environment.get_template(name).render(**values)
        except TemplateNotFound as error:
            raise CatalogError(
                f"{self.folders[-1] / str(error.name)}: the template is missing",
                "install digest-letter again, or mend paths.templates",
            ) from error
        except TemplateSyntaxError as error:
            raise CatalogError(
                f"{error.filename or error.name}:{error.lineno}: {error.message}",
                "mend the template",
            ) from error
        except TemplateError as error:
            raise CatalogError(
                f"{self._place(error, name)}: {error}", "mend the template"
            ) from error

    def read(self, name: str) -> str:
        """The text of a file that is no template, such as a style sheet."""
        for folder in self.folders:
            path = folder / name
            if path.is_file():
                return path.read_text(encoding="utf-8")
        raise CatalogError(
            f"{self.folders[-1] / name}: the file is missing",
            "install digest-letter again, or mend paths.templates",
        )

    def _place(self, error: BaseException, name: str) -> str:
        place, trace = name, error.__traceback__
        while trace is not None:
            file = trace.tb_frame.f_code.co_filename
            if file.endswith(".jinja"):
                place = f"{file}:{trace.tb_lineno}"
            trace = trace.tb_next
        return place


def wrap(text: str, indent: int = 0, hang: int = 0) -> str:
    """Fold text into lines of `WIDTH` columns; paragraphs stay apart, long links stay whole."""
    lead = " " * indent
    return "\n\n".join(
        textwrap.fill(
            " ".join(paragraph.split()),
            WIDTH,
            initial_indent=lead,
            subsequent_indent=lead + " " * hang,
            break_long_words=False,
            break_on_hyphens=False,
        )
        for paragraph in text.strip().split("\n\n")
    )
