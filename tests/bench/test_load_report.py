"""bench/load without load: what it sends, how it reads wrk and /proc, what it shows."""

import asyncio
import json
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[2]))  # `bench` is nowhere installed

from bench.load.chart import CUT_AT, LONGEST, Bar, Panel, draw
from bench.load.cli import chosen
from bench.load.measurement import BadAnswer, Load, Sample, parse_load
from bench.load.peer import Refused, all_peers
from bench.load.process import Cores, Stat, parse_busy, parse_stat, tree
from bench.load.report import align, disturbance, microseconds, record, summarise, table
from bench.load.servers.floor import Floor
from bench.load.workload import BROWSER, HEADERS, WORKLOADS, Workload, document

pytestmark = pytest.mark.once

WRK = """Running 2s test @ http://127.0.0.1:1
  2321376 requests in 2.02s, 203.67MB read

load: {"requests": 2321376, "duration_us": 2000000, "connect": 0, "read": %d, "write": 0, \
"timeout": 0, "status": %d}
"""


def test_counts_of_wrk_are_read() -> None:
    assert parse_load(WRK % (0, 0)) == Load(2321376, 2.0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (WRK % (3, 0), "errors: 3 read"),
        (WRK % (3, 12), "errors: 3 read, 12 status"),
        ((WRK % (0, 0)).replace('"requests": 2321376', '"requests": 0'), "no request was answered"),
        ("unable to connect", "no result, but 'unable to connect'"),
    ],
)
def test_errors_of_wrk_are_not_measured(text: str, message: str) -> None:
    with pytest.raises(BadAnswer, match=message):
        parse_load(text)


def test_stat_of_a_process_with_an_odd_name() -> None:
    line = "42 (a ) b (c) S 7 42 42 0 -1 4194304 100 0 0 0 11 22 33 44 20 0 1 0 5 6 7"
    assert parse_stat(line) == Stat(parent=7, ticks=110)


def test_busy_ticks_are_those_of_two_cores() -> None:
    text = "cpu 9 9 9 9 9 9 9 9 0 0\n" + "".join(
        f"cpu{core} 1 2 3 1000 50 4 5 {core} 7 0\n" for core in range(12)
    )
    assert parse_busy(text + "intr 1 2\nctxt 5\n", Cores(server=1, load=11)) == 2 * 15 + 12


def test_tree_has_descendants_only_and_parents_first() -> None:
    parents = {1: 0, 5: 1, 9: 5, 7: 9, 3: 1, 8: 5}
    stats = {pid: Stat(parent, 0) for pid, parent in parents.items()}
    assert tree(5, stats) == [5, 9, 8, 7]
    assert tree(6, stats) == []


def sample(cpu_us: float, per_second: float = 1000.0) -> Sample:
    """Make a sample of one second."""
    return Sample(int(per_second), 1.0, cpu_us * per_second / 1e6)


SAMPLES = {
    "floor": [sample(2.0), sample(4.0), sample(1.0)],
    "japy": [sample(3.0, 500), sample(9.0, 700), sample(5.0, 600)],
    "japronto": [sample(10.0)],
}


def test_medians_and_ratios() -> None:
    japy = summarise(SAMPLES)["japy"]
    assert (japy.per_second, japy.cpu_us) == pytest.approx((600, 5.0))
    assert (japy.low_us, japy.high_us) == pytest.approx((3.0, 9.0))
    assert (japy.to_japronto, japy.to_floor) == pytest.approx((0.5, 2.5))


def test_no_ratio_to_a_peer_that_is_missing() -> None:
    japy = summarise({"japy": SAMPLES["japy"]})["japy"]
    assert (japy.to_japronto, japy.to_floor) == (None, None)


def test_table_keeps_the_order_given_and_leaves_out_what_is_missing() -> None:
    text = table(
        {"plaintext": summarise(SAMPLES), "post": {}},
        {"post": "POST", "plaintext": "plain text"},
        {"japronto": "Japronto", "japy": "japy", "uvicorn": "uvicorn", "floor": "floor"},
    )
    assert [line.split()[0] for line in text.splitlines()[1:]] == [
        *("POST", "plain", "Japronto", "japy", "floor")
    ]
    assert text.splitlines()[4].split()[:4] == ["japy", "600", "5.00", "3.00-9.00"]
    assert text.splitlines()[4].split()[-3:] == ["0%", "0.50", "2.50"]


def test_columns_are_aligned() -> None:
    assert align([("", "a", "bcd"), ("long", "12", "")]) == "        a   bcd\nlong   12"


def test_warning_where_others_were_busy() -> None:
    quiet, noisy = Sample(10, 2.0, 1.0, 0.02), Sample(10, 2.0, 1.0, 1.0)
    assert disturbance({"plaintext": {"japy": [quiet, quiet]}}) == ""
    assert disturbance({}) == ""
    warning = disturbance({"plaintext": {"japy": [quiet], "floor": [noisy]}})
    assert warning.startswith("other processes used 0.26 of the two cores on average, up to 0.50:")


@pytest.mark.parametrize(
    ("value", "shown"), [(0.456, "0.46"), (9.994, "9.99"), (27.04, "27.0"), (236.4, "236")]
)
def test_three_digits_of_a_time(value: float, shown: str) -> None:
    assert microseconds(value) == shown


def test_record_holds_every_sample_and_is_json() -> None:
    saved = json.loads(json.dumps(record({"commit": "abc"}, {"plaintext": SAMPLES})))
    assert saved["commit"] == "abc"
    assert saved["medians"]["plaintext"]["japy"]["per_second"] == 600
    assert [each["requests"] for each in saved["samples"]["plaintext"]["japy"]] == [500, 700, 600]


SVG = "{http://www.w3.org/2000/svg}"


def test_chart_is_an_image_with_a_bar_for_each_value() -> None:
    panel = Panel("a < b", [Bar("ours & theirs", 1.0, "1.00", "ours"), Bar("two", 2.0, "2.00")])
    root = ElementTree.fromstring(draw("title", ["line"], [panel, panel, panel]))
    widths = [
        float(rect.attrib["width"])
        for rect in root.iter(f"{SVG}rect")
        if rect.attrib["class"] in {"ours", "bar"}
    ]
    assert widths == [LONGEST / 2, LONGEST] * 3
    words = [element.text for element in root.iter(f"{SVG}text")]
    assert words[:4] == ["title", "line", "a < b", "ours & theirs"]


def test_bar_beyond_the_others_is_cut_and_keeps_its_number() -> None:
    bars = [Bar("a", 1.0, "1"), Bar("b", 1.0, "1"), Bar("c", 80.0, "80")]
    root = ElementTree.fromstring(draw("title", [], [Panel("one", bars)]))
    widths = [float(r.attrib["width"]) for r in root.iter(f"{SVG}rect") if r.get("class") == "bar"]
    assert widths == [LONGEST / CUT_AT, LONGEST / CUT_AT, LONGEST]
    assert len(list(root.iter(f"{SVG}path"))) == 1
    assert "80" in [element.text for element in root.iter(f"{SVG}text")]


def test_choice_keeps_our_order_and_names_what_is_unknown() -> None:
    peers = all_peers(allow_pure=False)
    assert [peer.name for peer in chosen("japronto,floor", peers, "peer")] == ["floor", "japronto"]
    assert chosen(None, peers, "peer") == list(peers)
    with pytest.raises(Refused, match="no peer called nginx: choose from floor, japy"):
        chosen("nginx", peers, "peer")


def test_requests_are_of_the_promised_sizes() -> None:
    assert len(BROWSER) == 15
    assert len(HEADERS) == 700
    assert len(document(1024)) == 1024
    assert json.loads(document(1024))["name"] == "Ada Lovelace"


class Wire(asyncio.Transport):
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Keep it."""
        self.written += data


@pytest.mark.parametrize("size", [7, 1000, 1 << 20])
@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda workload: workload.name)
def test_floor_answers_however_the_bytes_arrive(workload: Workload, size: int) -> None:
    floor, wire = Floor(), Wire()
    floor.connection_made(wire)
    first = workload.data.index(b"\r\n\r\n") + 4  # it needs one whole head to know what is asked
    floor.data_received(workload.data[:first])
    for start in range(first, len(workload.data), size):
        floor.data_received(workload.data[start : start + size])
    assert wire.written.count(b"HTTP/1.1 200 OK\r\n") == workload.depth
    assert workload.is_answered_by(wire.written.rpartition(b"\r\n\r\n")[2])
