"""Watching a model: the statistics of its training rows, and how far the rows of today are from them.

`metric`, `values` and `captured` need the standard library alone; `baseline`, `rows`, `drift` and `report` need numpy too, in the
version of any of SageMaker's images. The same rows give the same bytes with each of them.
"""
