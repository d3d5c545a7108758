"""Costs of an environment: its idle month, counted from what the program declares, and what each further choice adds.

`make cost` shows them for the checked-in settings, without an account. `python -m costs page` writes `docs/costs.md`.

| module          | contents                                                                     |
| --------------- | ---------------------------------------------------------------------------- |
| `prices.toml`   | prices of AWS by region, with where and when they were read                  |
| `price_list.py` | the price list of one region                                                 |
| `charges.py`    | the charges of an idle resource, by its type                                 |
| `declared.py`   | the resources that a program declares while it runs                          |
| `idle_month.py` | the cost of a month in which nobody does anything, line by line              |
| `stacks.py`     | the checked-in settings, and the program run on them without an account      |
| `choices.py`    | the cost of each further choice                                              |
| `page.py`       | the page `docs/costs.md`                                                     |
"""
