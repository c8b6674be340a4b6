"""Answers from Jinja2 templates."""

import os
import subprocess
import sys
import traceback
from pathlib import Path
from typing import Any

import jinja2
import pytest

from japy import Application, Request, Response
from japy.client import ClientResponse
from japy.template import Templates
from tests.support.html import read_html

EVIL = "<script>alert('x')</script>"
TAME = "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder for templates."""
    path = tmp_path / "templates"
    path.mkdir()
    return path


def write(folder: Path, **sources: str) -> None:
    """Write templates; in their names, underscores stand for dots."""
    for name, source in sources.items():
        (folder / name.replace("_", ".")).write_text(source)


def ask(app: Application, handler: Any, **headers: str) -> ClientResponse:
    """Return the answer of a handler to one request."""
    app.get("/")(handler)
    with app.test_client() as client:
        return client.get("/", headers=headers)


# What a template makes.


def test_a_template_makes_an_answer(folder: Path) -> None:
    write(folder, page_html="<p>Hello {{ name }}, é</p>")
    templates = Templates(Application(), folder)
    response = templates.render("page.html", name="you")
    assert response.code == 200
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert response.body == "<p>Hello you, é</p>".encode()
    assert templates.text("page.html", name="you") == "<p>Hello you, é</p>"


def test_an_answer_may_be_changed_before_it_is_sent(folder: Path) -> None:
    write(folder, missing_html="Nothing here")
    app = Application()
    templates = Templates(app, folder)

    def handler(request: Request) -> Response:
        response = templates.render("missing.html")
        response.code = 404
        response.headers["Cache-Control"] = "no-store"
        return response

    answer = ask(app, handler)
    assert (answer.code, answer.text) == (404, "Nothing here")
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("name", "mime_type"),
    [
        ("page.html", "text/html; charset=utf-8"),
        ("page.htm", "text/html; charset=utf-8"),
        ("page.html.jinja", "text/html; charset=utf-8"),
        ("page.html.j2", "text/html; charset=utf-8"),
        ("page.jinja2", "text/html; charset=utf-8"),
        ("page", "text/html; charset=utf-8"),
        ("page.unknown", "text/html; charset=utf-8"),
        ("robots.txt", "text/plain; charset=utf-8"),
        ("mail.txt.j2", "text/plain; charset=utf-8"),
        ("data.json", "application/json; charset=utf-8"),
        ("style.css", "text/css; charset=utf-8"),
        ("table.csv", "text/csv; charset=utf-8"),
        ("picture.svg", "image/svg+xml"),
    ],
)
def test_its_type_is_what_the_name_says(folder: Path, name: str, mime_type: str) -> None:
    (folder / name).write_text("x")
    response = Templates(Application(), folder).render(name)
    assert response.headers["Content-Type"] == mime_type


@pytest.mark.parametrize(
    "name",
    ["page.html", "page.htm", "page.html.jinja", "page.html.j2", "page.jinja", "page", "a.unknown",
     "feed.xml", "picture.svg", "page.xhtml", "PAGE.HTML", "page.md"],
)  # fmt: skip
def test_markup_is_escaped(folder: Path, name: str) -> None:
    (folder / name).write_text("{{ evil }} {{ evil|safe }}")
    assert Templates(Application(), folder).text(name, evil=EVIL) == f"{TAME} {EVIL}"


@pytest.mark.parametrize("name", ["mail.txt", "mail.txt.j2", "a.json", "a.csv", "a.css", "a.js"])
def test_what_is_no_markup_is_not_escaped(folder: Path, name: str) -> None:
    (folder / name).write_text("{{ evil }}")
    assert Templates(Application(), folder).text(name, evil=EVIL) == EVIL


def test_text_that_was_no_file_is_escaped(folder: Path) -> None:
    environment = Templates(Application(), folder).environment
    assert environment.from_string("{{ evil }}").render(evil=EVIL) == TAME


def test_a_context_may_use_any_name(folder: Path) -> None:
    write(folder, page_html="{{ name }} {{ self_ }} {{ context }}")
    templates = Templates(Application(), folder)
    assert templates.text("page.html", name="a", self_="b", context="c") == "a b c"


# What a template knows.


def test_a_template_can_name_routes(folder: Path) -> None:
    write(folder, page_html="{{ url_for('user', id=7) }}")
    write(folder, macro_html="{% macro link(id) %}{{ url_for('user', id=id) }}{% endmacro %}")
    write(folder, more_html="{% import 'macro.html' as m %}{{ m.link(8) }}")
    app = Application()
    templates = Templates(app, folder)
    app.get("/users/{id:int}", name="user")(lambda request: Response())
    assert templates.text("page.html") == "/users/7"
    assert templates.text("more.html") == "/users/8"


def test_a_template_knows_the_application(folder: Path) -> None:
    write(folder, page_html="{{ app.state.title }}")
    app = Application()
    app.state.title = "A & B"
    assert Templates(app, folder).text("page.html") == "A &amp; B"


def test_a_request_can_be_handed_over(folder: Path) -> None:
    write(folder, page_html="{{ request.path }} {{ request.headers['X-A'] }} {{ request.user }}")
    app = Application()
    app.extend_request(lambda request: "ann", name="user", property=True)
    templates = Templates(app, folder)

    def handler(request: Request) -> Response:
        return templates.render("page.html", request=request)

    assert ask(app, handler, **{"X-A": EVIL}).text == f"/ {TAME} ann"


# Where templates are.


def test_a_folder_lies_beside_the_file_that_names_it(tmp_path: Path) -> None:
    package = tmp_path / "site"
    (package / "pages").mkdir(parents=True)
    (package / "pages" / "a.html").write_text("found")
    (package / "web.py").write_text(
        "from japy import Application\n"
        "from japy.template import Templates\n"
        "app = Application()\n"
        "templates = Templates(app, 'pages')\n"
        "if __name__ == '__main__':\n"
        "    print(templates.text('a.html'))\n"
    )
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    imported = (
        "import sys; sys.path.append('../site'); import web; print(web.templates.text('a.html'))"
    )
    for command in (["../site/web.py"], ["-c", imported]):
        done = subprocess.run(
            [sys.executable, *command], cwd=elsewhere, capture_output=True, text=True, timeout=60
        )
        assert (done.stdout, done.stderr) == ("found\n", "")


def test_without_a_file_it_lies_in_the_current_folder(folder: Path) -> None:
    write(folder, a_html="found")
    program = (
        "from japy import Application; from japy.template import Templates;"
        "print(Templates(Application(), 'templates').text('a.html'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=folder.parent, capture_output=True, text=True
    )
    assert (done.stdout, done.stderr) == ("found\n", "")


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotADirectoryError) as caught:
        Templates(Application(), tmp_path / "nowhere")
    assert str(caught.value) == f"Templates: there is no folder {tmp_path / 'nowhere'}. Make it"
    with pytest.raises(NotADirectoryError, match=str(Path(__file__).parent / "nowhere")):
        Templates(Application(), "nowhere")


def test_nothing_outside_of_the_folder_is_read(folder: Path) -> None:
    (folder.parent / "secret.html").write_text("secret")
    templates = Templates(Application(), folder)
    for name in ("../secret.html", str(folder.parent / "secret.html"), "a/../../secret.html"):
        with pytest.raises(jinja2.TemplateNotFound):
            templates.text(name)


# What goes wrong.


def test_a_template_that_is_missing_is_named_with_its_folder(folder: Path) -> None:
    write(folder, page_html="{% include 'part.html' %}")
    templates = Templates(Application(), folder)
    for name, missing in (("absent.html", "absent.html"), ("page.html", "part.html")):
        with pytest.raises(jinja2.TemplateNotFound) as caught:
            templates.text(name)
        assert str(caught.value) == f"there is no template {missing!r} in {folder}"
        assert caught.value.name == missing


def test_the_template_that_asks_for_one_that_is_missing_is_shown(folder: Path) -> None:
    write(folder, base_html="<p>\n{% include ['a.html', 'b.html'] %}")
    write(folder, page_html="\n\n{% extends 'base.html' %}", bad_html="{% extends 'c.html' %}")
    templates = Templates(Application(), folder)
    for name, asking, line in (("page.html", "base.html", 2), ("bad.html", "bad.html", 1)):
        with pytest.raises(jinja2.TemplateNotFound, match="there is no template") as caught:
            templates.text(name)
        text = "".join(traceback.format_exception(caught.value))
        assert f'File "{folder / asking}", line {line}, in top-level template code' in text


def test_a_syntax_error_names_file_and_line(folder: Path) -> None:
    write(folder, page_html="<p>\n{% if %}\n")
    with pytest.raises(jinja2.TemplateSyntaxError) as caught:
        Templates(Application(), folder).text("page.html")
    assert (caught.value.filename, caught.value.lineno) == (str(folder / "page.html"), 2)
    last = traceback.format_exception(caught.value)[-2]
    assert f'File "{folder / "page.html"}", line 2, in template\n    {{% if %}}\n' in last


@pytest.mark.parametrize("source", ["{{ nmae }}", "{% if nmae %}x{% endif %}", "{{ name.x.y }}"])
def test_a_name_that_is_not_defined_is_an_error(folder: Path, source: str) -> None:
    (folder / "page.html").write_text(source)
    with pytest.raises(jinja2.UndefinedError, match=r"'nmae' is undefined|has no attribute 'x'"):
        Templates(Application(), folder).text("page.html", name="x")


def test_a_template_may_ask_whether_a_name_is_defined(folder: Path) -> None:
    write(folder, page_html="{% if x is defined %}x{% endif %}{{ y|default('-') }}")
    assert Templates(Application(), folder).text("page.html") == "-"


def test_the_debug_page_shows_the_line_of_the_template(folder: Path) -> None:
    write(folder, page_html="<p>first</p>\n<p>{{ nmae }}</p>\n")
    app = Application(debug=True)
    templates = Templates(app, folder)
    answer = ask(app, lambda request: templates.render("page.html", name="x"), Accept="text/html")
    page = read_html(answer.text)
    assert page.all("pre", "message")[0].text.endswith("UndefinedError: 'nmae' is undefined")
    (frame,) = [one for one in page.all("details") if str(folder / "page.html") in one.text][:1]
    assert frame.all("span", "failed")[0].text == "    2 <p>{{ nmae }}</p>\n"
    assert frame.rows()["name"] == "'x'"


# Settings.


def touch(path: Path) -> None:
    """Let a file look as if it had been written later: clocks of file systems are coarse."""
    status = path.stat()
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 10**9))


def test_templates_are_read_again_while_debugging(folder: Path) -> None:
    for debug, after in ((False, "old"), (True, "newer")):
        write(folder, page_html="old")
        app = Application()
        templates = Templates(app, folder)
        app.debug = debug  # as `japy run --debug` does, once the application is there
        assert templates.text("page.html") == "old"
        write(folder, page_html="newer")
        touch(folder / "page.html")
        assert templates.text("page.html") == after


def test_options_are_those_of_jinja(folder: Path) -> None:
    write(folder, page_html="{{ missing }}|{{ evil }}|<< 1 >>\n")
    templates = Templates(
        Application(debug=True),
        folder,
        undefined=jinja2.Undefined,
        autoescape=False,
        keep_trailing_newline=True,
        auto_reload=False,
    )
    assert templates.text("page.html", evil=EVIL) == f"|{EVIL}|<< 1 >>\n"
    write(folder, page_html="newer")
    touch(folder / "page.html")
    assert templates.text("page.html", evil=EVIL) != "newer"


def test_templates_may_come_from_elsewhere(tmp_path: Path) -> None:
    loader = jinja2.DictLoader({"a.html": "from a dict"})
    templates = Templates(Application(), tmp_path / "nowhere", loader=loader)
    assert templates.text("a.html") == "from a dict"
    with pytest.raises(jinja2.TemplateNotFound) as caught:
        templates.text("b.html")
    assert str(caught.value) == "there is no template 'b.html'"


def test_the_environment_is_there_to_be_extended(folder: Path) -> None:
    write(folder, page_html="{{ 'a'|shout }}")
    templates = Templates(Application(), folder)
    templates.environment.filters["shout"] = str.upper
    assert templates.text("page.html") == "A"


def test_a_wrong_option_is_refused(folder: Path) -> None:
    with pytest.raises(TypeError, match="no_such_option"):
        Templates(Application(), folder, no_such_option=1)
