"""The price list: every price with its region, its source and its date."""

import re
import tomllib
from datetime import date
from decimal import Decimal

import pytest

from costs import price_list

CONTENT = tomllib.loads(price_list.FILE.read_text(encoding="utf-8"))
ITEMS = CONTENT["prices"]


def test_the_regions_are_those_that_every_item_has_a_price_in() -> None:
    assert list(price_list.regions()) == ["eu-west-1", "us-east-1"]
    assert all(set(item["usd"]) == set(price_list.regions()) for item in ITEMS.values())


@pytest.mark.parametrize("name", ITEMS)
def test_a_price_says_where_it_was_read_and_what_it_is_for(name: str) -> None:
    item = ITEMS[name]
    assert set(item["read_in"]) == set(item["usd"])
    assert item["unit"] in ("hour", "month", "GB", "GB and month", "million")
    assert all(usd > 0 for usd in item["usd"].values())
    assert set(item.get("unconfirmed", ())) <= set(item["usd"])


@pytest.mark.parametrize("name", ITEMS)
def test_a_price_that_counts_as_confirmed_names_a_price_list_or_a_bill(name: str) -> None:
    item = ITEMS[name]
    for region, source in item["read_in"].items():
        known = re.match(r"AWS Price List|a bill of AWS", source) is not None
        assert known == (region not in item.get("unconfirmed", ())), source


def test_the_list_has_a_date() -> None:
    assert date(2026, 1, 1) < price_list.read_on() <= date.today()


def test_something_paid_by_the_hour_costs_730_of_them_a_month() -> None:
    prices = price_list.prices_in("us-east-1")
    assert prices["interface-endpoint-hour"].month == Decimal("7.30")
    assert prices["nat-gateway-hour"].month == Decimal("32.85")
    assert prices["public-ipv4-hour"].month == Decimal("3.65")
    assert prices["kms-key-month"].month == Decimal(1)
