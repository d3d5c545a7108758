"""Plots of a model's quality, as SVG."""

import io
import os
from typing import Any

from sandbox import paths


def predictions(pairs: list[tuple[float, float]]) -> str:
    """Plot predicted against measured rings."""
    figure, axes = _figure()
    measured, predicted = zip(*pairs, strict=True)
    limits = (min(measured), max(measured))
    axes.plot(limits, limits, color="#999999", linewidth=1)
    axes.scatter(measured, predicted, s=9, alpha=0.35, color="#2563eb", linewidths=0)
    axes.set(xlabel="rings counted", ylabel="rings predicted", title="Held-out abalone")
    return _svg(figure)


def errors(pairs: list[tuple[float, float]]) -> str:
    """Plot a histogram of the prediction errors."""
    figure, axes = _figure()
    axes.hist([predicted - measured for measured, predicted in pairs], bins=40, color="#2563eb")
    axes.axvline(0, color="#999999", linewidth=1)
    axes.set(xlabel="predicted minus counted, in rings", ylabel="abalone", title="Errors")
    return _svg(figure)


def _figure() -> tuple[Any, Any]:
    # It writes a list of fonts, which belongs into the sandbox's folder, as everything that the demo writes.
    os.environ.setdefault("MPLCONFIGDIR", str(paths.SANDBOX / "matplotlib"))
    # Imported here because it takes a second, and every command of the sandbox imports this module.
    import matplotlib as mpl
    from matplotlib.figure import Figure

    mpl.rcParams.update({"svg.fonttype": "none", "font.family": "sans-serif", "font.size": 9})
    figure: Any = Figure(figsize=(4.6, 4.0), layout="constrained")
    return figure, figure.subplots()


def _svg(figure: Any) -> str:
    file = io.StringIO()
    figure.savefig(file, format="svg", metadata={"Date": None})
    return file.getvalue()[file.getvalue().index("<svg") :]
