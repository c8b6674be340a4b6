"""Templates: answers from Jinja2 templates.

Knows where templates lie, and which kind of document each one makes. Knows no route: templates ask
`url_for`.

Invariant: what a template inserts into markup is escaped, unless the template says otherwise.
"""

import os
import sys
from mimetypes import MimeTypes
from pathlib import Path
from typing import Any, Final

from japy.application.app import Application
from japy.application.extra import missing
from japy.core.response import Response

try:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateNotFound
except ModuleNotFoundError as error:
    raise missing("jinja2") from error

HTML: Final = "text/html"
SUFFIXES: Final = (".jinja", ".jinja2", ".j2")  # say what a file is written in, not what it makes
# All else is escaped: of Markdown, HTML is a part, and what is unknown may be anything.
PLAIN: Final = {
    "application/javascript",
    "application/json",
    "text/css",
    "text/csv",
    "text/javascript",
    "text/plain",
}
TYPES: Final = MimeTypes(filenames=())  # the same on every machine


class Templates:
    """The templates of an application.

    In templates, `app` is the application and `url_for` its method; a request is there if it is
    handed over: `templates.render("page.html", request=request)`.

    A name that is not defined is an error, which names it: a typing mistake leaves no hole in a
    page. Templates may still ask `{% if name is defined %}` or say `{{ name|default("-") }}`.

    Args:
        app: the application.
        folder: where the templates are. A relative one lies beside the file that calls this,
            wherever `japy run` was started.
        jinja_options: for `jinja2.Environment`, in place of what japy says.

    Raises:
        NotADirectoryError: there is no such folder.
    """

    def __init__(
        self, app: Application, folder: str | os.PathLike[str], **jinja_options: Any
    ) -> None:
        # The globals of the caller: it is the only one who knows what its path is relative to.
        beside = sys._getframe(1).f_globals.get("__file__", "")
        self.folder = Path(beside).absolute().parent / folder if beside else Path(folder).absolute()
        if "loader" not in jinja_options and not self.folder.is_dir():
            raise NotADirectoryError(f"Templates: there is no folder {self.folder}. Make it")
        options: dict[str, Any] = {
            "loader": FileSystemLoader(self.folder),
            "autoescape": is_markup,
            "undefined": StrictUndefined,
        }
        self._app = app
        self._reloads = jinja_options.get("auto_reload")  # None: as long as the application debugs
        self.environment = Environment(**(options | jinja_options))
        self.environment.globals["app"] = app
        self.environment.globals["url_for"] = self._url_for

    def _url_for(self, name: str, /, **params: Any) -> str:
        return self._app.url_for(name, **params)

    def text(self, name: str, /, **context: Any) -> str:
        """Return what a template makes.

        Raises:
            TemplateNotFound: there is none of that name, or it asks for one that is not there.
            TemplateSyntaxError: it is none; the traceback ends with its file and line.
            UndefinedError: it asks for something that `context` lacks.
        """
        if self._reloads is None:
            self.environment.auto_reload = self._app.debug
        try:
            return self.environment.get_template(name).render(context)
        except TemplateNotFound as error:
            places = " or ".join(getattr(self.environment.loader, "searchpath", ()))
            sentence = f"there is no template {error.name!r}" + (places and f" in {places}")
            error.message = sentence  # its traceback leads through the template that has asked
            raise

    def render(self, name: str, /, **context: Any) -> Response:
        """Return an answer with what a template makes; its type is what the name says."""
        return Response(self.text(name, **context), mime_type=mime_type_of(name) or HTML)


def mime_type_of(name: str) -> str | None:
    """Return the media type that the name of a template stands for; None if it tells nothing."""
    for suffix in SUFFIXES:
        name = name.removesuffix(suffix)
    return TYPES.guess_type(name, strict=True)[0]


def is_markup(name: str | None) -> bool:
    """Tell whether what a template inserts is to be escaped."""
    return name is None or mime_type_of(name) not in PLAIN
