"""Watching a model: the statistics of its training rows, how far the rows of today are from them, and how good its answers were.

`metric`, `values` and `captured` need the standard library alone; `baseline`, `rows`, `drift`, `truth`, `quality` and `report` need numpy too, in the
version of any of SageMaker's images. The same rows give the same bytes with each of them.
"""
