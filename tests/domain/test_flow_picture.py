"""The picture of who refers to whom: as wide as the numbers, nothing on top of another, nothing left out."""

import re
from itertools import pairwise

from services.portal.pages.overview.flow import MOST_NODES, WIDTH, draw

SENT = {
    ("Navigaattori", "Business Kuopio"): 60,
    ("Navigaattori", "Talent Hub"): 20,
    ("Kompassi", "Business Kuopio"): 20,
}


def test_nothing_sent_is_no_picture() -> None:
    flow = draw({}, "others")
    assert (flow.height, flow.nodes, flow.bands) == (0, (), ())


def test_bands_are_as_wide_as_what_went_there_and_fill_their_ends() -> None:
    flow = draw(SENT, "others")
    assert sorted(band.width for band in flow.bands) == [64, 64, 192]
    of = {node.lines[0].text: node for node in flow.nodes}
    assert {name: node.height for name, node in of.items()} == {
        "Navigaattori": 256, "Kompassi": 64, "Business Kuopio": 256, "Talent Hub": 64,
    }  # fmt: skip
    assert sum(band.width for band in flow.bands) == 320


def test_a_few_do_not_fill_the_picture() -> None:
    (band,) = draw({("Navigaattori", "Business Kuopio"): 2}, "others").bands
    assert band.width == 24


def test_bars_stand_below_each_other_within_the_picture() -> None:
    flow = draw({(f"s{number}", f"t{number % 3}"): number + 1 for number in range(6)}, "others")
    for x in {node.x for node in flow.nodes}:
        column = sorted((node for node in flow.nodes if node.x == x), key=lambda node: node.y)
        for upper, lower in pairwise(column):
            assert upper.y + upper.height <= lower.y
            assert upper.lines[-1].y < lower.lines[0].y
        assert column[-1].y + column[-1].height <= flow.height
    numbers = [float(each) for band in flow.bands for each in re.findall(r"[\d.]+", band.path)]
    assert max(numbers) <= max(WIDTH, flow.height)


def test_many_small_ones_are_put_together_and_all_are_counted() -> None:
    sent = {(f"source {number}", "target"): 1 + number for number in range(20)}
    flow = draw(sent, "others")
    sources = [node for node in flow.nodes if node.anchor == "end"]
    assert len(sources) == MOST_NODES
    assert sources[-1].lines[0].text == "others"
    assert abs(sum(node.height for node in sources) - 320) < 1


def test_a_long_name_takes_two_lines_and_no_more() -> None:
    long = "Pohjois-Savon elinvoimakeskus ja kansainvälisten asiantuntijoiden neuvontapalvelut"
    (node,) = [node for node in draw({("a", long): 1}, "others").nodes if node.anchor == "start"]
    assert len(node.lines) == 2
    assert node.lines[-1].text.endswith("…")
