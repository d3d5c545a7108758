"""Reading what others wrote, whatever it is."""

from functions.shared.github_api import values


def test_a_value_of_another_type_counts_as_missing() -> None:
    answer = values.parsed(b'{"name": "main", "id": 7, "owner": {"id": 1}, "runs": [{"id": 2}, 3]}')

    assert (values.text(answer, "name"), values.text(answer, "id"), values.text(answer, "gone")) == ("main", "", "")
    assert (values.number(answer, "id"), values.number(answer, "name")) == (7, 0)
    assert (values.nested(answer["owner"]), values.nested("x")) == ({"id": 1}, {})
    assert (values.items(answer["runs"]), values.items(None)) == ([{"id": 2}, {}], [])


def test_a_list_is_kept_and_an_answer_that_is_not_json_is_reported() -> None:
    assert values.parsed(b"[1]") == {"": [1]}
    assert values.parsed(b"") == {}
    assert values.parsed(b"<html>") == {"message": "the answer is not JSON"}


def test_a_part_of_a_path_stays_one_part() -> None:
    assert values.quoted("../orgs") == "..%2Forgs"
