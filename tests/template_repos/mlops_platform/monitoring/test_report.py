"""The page that shows a comparison."""

import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import numpy as np

from mlops_platform.monitoring import report
from mlops_platform.monitoring.baseline import Baseline, of_categories, of_numbers
from mlops_platform.monitoring.drift import PREDICTION, Comparison, Limits
from tests.template_repos.mlops_platform.monitoring.abalone import LATER, baseline, heavier

BASELINE = replace(baseline(), prediction=of_numbers(np.linspace(5, 15, 600)), importance={"shell": 0.714})


def page(rows: list[list[str]], *, quality: str = "", period: str = "requests of 2026-11-28") -> str:
    comparison = Comparison(BASELINE)
    comparison.add(rows, quarantined=3)
    comparison.add_predictions([10.0] * len(rows))
    found = comparison.result(Limits())
    return report.page(BASELINE, found, title="house in prod", period=period, quality=quality)


def test_it_says_what_has_drifted_with_numbers_pictures_and_importance() -> None:
    text = page([heavier(row, 1.5) for row in LATER[:1000]], quality="sufficient: 300 answers")
    assert '<h1>house in prod: <span class="drift">drift</span></h1>' in text
    assert "1000 rows, requests of 2026-11-28, compared with the 2924 rows" in text
    assert "3 rows\ncould not be read" in text
    assert "<p>Quality: sufficient: 300 answers.</p>" in text
    assert "Quality" not in page(LATER[:1000])
    assert text.count("<svg ") == len(BASELINE.features) + 1
    shell = next(line for line in text.splitlines() if "<td>shell" in line)
    assert "0.71" in shell
    assert re.search(r"its shares have changed \(PSI 0\.\d{3}\)", shell)
    assert f"<h3>{PREDICTION}</h3>" in text


def test_with_too_few_rows_it_has_no_verdict_on_anything() -> None:
    text = page(LATER[:50])
    assert '<span class="undecided">no verdict, too few rows</span>' in text
    assert "A verdict takes at least 200 rows." in text
    assert text.count('<td class="undecided">no verdict\n') == len(BASELINE.features) + 1
    assert '"stable"' not in text


def test_rows_that_could_mostly_not_be_read_give_no_verdict_on_a_feature() -> None:
    comparison = Comparison(BASELINE)
    comparison.add(LATER[:50], quarantined=1000)
    text = report.page(BASELINE, comparison.result(Limits()), title="t", period="p")
    assert '<span class="drift">unreadable</span>' in text
    assert '"stable"' not in text


def test_a_feature_with_too_few_values_has_no_verdict_on_its_shares() -> None:
    against = replace(
        BASELINE, features={**BASELINE.features, "shell": replace(BASELINE.features["shell"], missing=0.9)}
    )
    comparison = Comparison(against)
    comparison.add([[*row[:-1], row[-1] if index < 100 else ""] for index, row in enumerate(LATER[:1000])])
    text = report.page(against, comparison.result(Limits()), title="t", period="p")
    lines = dict(re.findall(r"<tr><td>(\w+)(.*)", text))
    assert lines["shell"].endswith('<td class="undecided">no verdict on its shares: too few values')
    assert lines["height"].endswith('<td class="stable">no drift')
    assert '<span class="stable">no drift</span>' in text


def test_each_number_of_the_table_is_explained() -> None:
    text = page(LATER[:1000])
    for heading in ("By chance", "Distance", "Importance"):
        assert f"{heading}: " in text
        assert heading.lower() in report.HEADINGS
    assert "measured none" not in text
    without = replace(BASELINE, importance={})
    assert "that of this model measured none" in report.page(
        without, Comparison(without).result(Limits()), title="t", period="p"
    )


def test_it_loads_and_runs_nothing_is_small_and_its_pictures_are_wellformed() -> None:
    text = page(LATER[:1000])
    assert not re.search(r"<script|<link|<img|src=|href=|url\(|https?:", text)
    assert len(text.encode()) < 40_000
    pictures = re.findall(r"<svg .*?</svg>", text)
    for picture in pictures:
        ET.fromstring(picture)  # noqa: S314 - our own text
    assert pictures


def test_the_same_comparison_gives_the_same_bytes() -> None:
    assert page(LATER[:1000]) == page(LATER[:1000])


def test_what_callers_sent_is_text_on_the_page() -> None:
    attack = '<script>alert("1")</script>'
    rows = [[attack, *row[1:]] for row in LATER[:300]]
    text = page(rows, period=attack)
    assert "<script" not in text
    assert "&lt;script&gt;" in text


def test_a_feature_without_values_and_one_of_very_many_categories_have_a_picture() -> None:
    names = [f"id-{index:04d}" for index in range(150)] * 40
    against = Baseline(rows=len(names), features={"name": of_categories(names), "size": of_numbers(np.full(6000, 5.0))})
    comparison = Comparison(against)
    comparison.add([[name, ""] for name in names])
    text = report.page(against, comparison.result(Limits()), title="t", period="p")
    bars = [picture.count("<rect") for picture in map(str, re.findall(r"<svg .*?</svg>", text))]
    assert sorted(bars) == [4, 2 * report.SHOWN]
