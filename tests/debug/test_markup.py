"""HTML from Python."""

from japy.debug.markup import Markup, joined, table, tag

EVIL = "<script>alert('&\"')</script>"
TAME = "&lt;script&gt;alert(&#x27;&amp;&quot;&#x27;)&lt;/script&gt;"


def test_text_is_escaped() -> None:
    assert tag("p", EVIL) == f"<p>{TAME}</p>"
    assert joined([EVIL, "b"]) == f"{TAME}b"


def test_markup_stays_as_it_is() -> None:
    assert tag("p", tag("b", "x"), " & ", Markup("<hr>")) == "<p><b>x</b> &amp; <hr></p>"
    assert joined([]) == ""


def test_what_was_made_from_markup_by_other_means_is_text_again() -> None:
    assert tag("p", tag("b", "x") + EVIL) == f"<p>&lt;b&gt;x&lt;/b&gt;{TAME}</p>"


def test_an_element_has_a_class_and_may_be_open() -> None:
    assert tag("details", kind="a b", is_open=True) == '<details class="a b" open></details>'
    assert tag("p", kind='"><script>') == '<p class="&quot;&gt;&lt;script&gt;"></p>'


def test_a_table_has_a_row_for_each_pair() -> None:
    assert table([("a", EVIL), ("<", "b")]) == (
        f"<table><tr><th>a</th><td>{TAME}</td></tr><tr><th>&lt;</th><td>b</td></tr></table>"
    )
