"""The report of a comparison as one page: no script, nothing loaded, pictures as SVG; the same comparison gives the same bytes."""

from collections.abc import Mapping, Sequence
from html import escape
from itertools import pairwise

from mlops_platform.monitoring.baseline import Baseline, Feature, Numeric
from mlops_platform.monitoring.drift import PREDICTION, Drift, FeatureDrift, Verdict

TRAINING, NOW = "#8c959f", "#0969da"
WIDTH, HEIGHT, LABELS = 320, 150, 22
"""Size of a picture, and of the space for its labels."""
LABELLED = 6
"""Bars up to which each has its label; with more, every third has one."""
SHOWN = 24
"""Bars of a picture at most: of a feature with many categories, the most frequent in training."""

STYLE = f"""body{{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#1b1f24}}
table{{border-collapse:collapse;width:100%}}th,td{{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #d8dee4}}
td.n{{text-align:right;font-variant-numeric:tabular-nums}}.drift{{color:#b42318;font-weight:600}}.stable{{color:#1a7f37}}.undecided{{color:#59636e}}
.cards{{display:grid;grid-template-columns:repeat(auto-fill,minmax(20rem,1fr));gap:1rem}}
.card{{border:1px solid #d8dee4;border-radius:6px;padding:.8rem}}.card h3{{margin:0 0 .3rem;font-size:1rem}}
.key{{display:inline-block;width:.8rem;height:.8rem;margin:0 .3rem}}.training{{background:{TRAINING}}}.now{{background:{NOW}}}
svg{{width:100%;height:auto}}"""

_VERDICTS: Mapping[Verdict, tuple[str, str]] = {
    "drift": ("drift", "drift"),
    "stable": ("stable", "no drift"),
    "too few rows": ("undecided", "no verdict, too few rows"),
    "unreadable": ("drift", "unreadable"),
}
"""Class and words of the page's heading by verdict."""
HEADINGS = ("feature", "PSI", "by chance", "distance", "missing", "unseen", "importance", "verdict")


def page(baseline: Baseline, drift: Drift, *, title: str, period: str, quality: str = "") -> str:
    """Return the page.

    Args:
        baseline: The model's baseline.
        drift: The comparison with it.
        title: The model, and where it runs.
        period: The rows that were compared, for example "requests of 2026-11-28".
        quality: The quality of answers whose truth is known, in words; nothing is said of it without.
    """
    ordered = sorted(drift.features.items(), key=lambda item: (-(item[1].psi or 0.0), item[0]))
    lines = "".join(_line(name, feature, baseline.importance.get(name), drift) for name, feature in ordered)
    cards = "".join(_card(name, feature, _trained(baseline, name)) for name, feature in ordered)
    limits, (status, verdict) = drift.limits, _VERDICTS[drift.verdict]
    told = f"<p>Quality: {escape(quality)}.</p>\n" if quality else ""
    none = {
        "too few rows": f" A verdict takes at least {limits.rows} rows.",
        "unreadable": " They are too many for a verdict: rows are CSV without a header, with the columns below.",
    }.get(drift.verdict, "")
    importance = "how much the model relies on a feature, as its training measured it"
    if not baseline.importance:
        importance += "; that of this model measured none"
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{escape(title)}: drift</title><style>{STYLE}</style>
<h1>{escape(title)}: <span class="{status}">{verdict}</span></h1>
<p>{drift.rows} rows, {escape(period)}, compared with the {baseline.rows} rows that the model was trained on; {drift.quarantined} rows
could not be read.{none} A feature has drifted when its population stability index (PSI) is above {limits.psi:g}, or when training saw none
or few like more than {limits.unseen:.0%} of its values, or when more values are missing than in training; and when chance does not explain
it. One verdict in a hundred may be false, however many features there are.</p>
{told}<table><thead><tr>{"".join(f"<th>{heading}" for heading in HEADINGS)}</thead>
<tbody>{lines}</tbody></table>
<p>By chance: the probability that as many rows like those of training have shares that differ as much. Distance: the largest one between
the distribution functions of a number, then and now (Kolmogorov-Smirnov), from 0 to 1; categories have none. Importance: {importance}.</p>
<h2>Distributions</h2>
<p><span class="key training"></span>training<span class="key now"></span>now</p>
<div class="cards">{cards}</div></html>
"""


def _trained(baseline: Baseline, name: str) -> Feature:
    return baseline.prediction if name == PREDICTION and baseline.prediction is not None else baseline.features[name]


def _line(name: str, feature: FeatureDrift, importance: float | None, drift: Drift) -> str:
    unseen = f"{feature.unseen:.1%}"
    if feature.unseen_values:
        values = ", ".join(f"{escape(value[:40])} ({count})" for value, count in feature.unseen_values.items())
        unseen = f"{unseen}: {values}"
    numbers = [
        *("" if value is None else f"{value:.3f}" for value in (feature.psi, feature.chance, feature.distance)),
        f"{feature.missing:.1%}",
        unseen,
        "" if importance is None else f"{importance:.2f}",
    ]
    cells = "".join(f'<td class="n">{cell}' for cell in numbers)
    if feature.reasons:
        verdict = f'<td class="drift">{escape("; ".join(feature.reasons))}'
    elif drift.verdict in ("too few rows", "unreadable"):
        verdict = '<td class="undecided">no verdict'
    elif feature.rows < drift.limits.rows:
        verdict = '<td class="undecided">no verdict on its shares: too few values'
    else:
        verdict = '<td class="stable">no drift'
    return f"<tr><td>{escape(name)}{cells}{verdict}\n"


def _card(name: str, feature: FeatureDrift, trained: Feature) -> str:
    if isinstance(trained, Numeric):
        edges = [f"{edge:.3g}" for edge in trained.edges]
        between = [f"{low} to {high}" for low, high in pairwise(edges)]
        labels, before, now = [f"< {edges[0]}", *between, f"≥ {edges[-1]}"], list(trained.shares), list(feature.shares)
    else:
        labels, before, now = (
            [*trained.shares, "others"],
            [*trained.shares.values(), trained.rest],
            list(feature.shares),
        )
    kept = sorted(sorted(range(len(labels)), key=lambda index: -max(before[index], now[index]))[:SHOWN])
    bars = _bars([labels[i] for i in kept], [before[i] for i in kept], [now[i] for i in kept])
    return f'<div class="card"><h3>{escape(name)}</h3>{bars}</div>\n'


def _bars(labels: Sequence[str], before: Sequence[float], now: Sequence[float]) -> str:
    """Return pairs of bars. The exact shares are in each bar's title, which screen readers read too."""
    highest, step = max([*before, *now, 0.01]), WIDTH / len(labels)
    parts = [f'<svg viewBox="0 0 {WIDTH} {HEIGHT + LABELS}" role="img">']
    for index, (label, *pair) in enumerate(zip(labels, before, now, strict=True)):
        for offset, share, colour, word in ((0.1, pair[0], TRAINING, "training"), (0.5, pair[1], NOW, "now")):
            size = HEIGHT * share / highest
            parts.append(
                f'<rect x="{(index + offset) * step:.1f}" y="{HEIGHT - size:.1f}" width="{step * 0.38:.1f}" '
                f'height="{size:.1f}" fill="{colour}"><title>{escape(label)}, {word}: {share:.1%}</title></rect>'
            )
        if len(labels) <= LABELLED or index % 3 == 0:
            x, y = (index + 0.05) * step, HEIGHT + 15
            parts.append(f'<text x="{x:.1f}" y="{y}" font-size="11">{escape(label[:20])}</text>')
    return "".join(parts) + "</svg>"
