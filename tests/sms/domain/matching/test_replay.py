"""What a change would do, before it is saved."""

from sms.domain.matching.replay import Replay, replay
from sms.domain.matching.templates import PlaceholderKind, parse_body, parse_kinds


def templates(**sources):
    kinds = {"code": PlaceholderKind.DIGITS}
    for key, source in sources.items():
        names = parse_body(source).names
        yield key, parse_body(source, {name: kind for name, kind in kinds.items() if name in names})


TEXTS = {"Kod: 12": 3, "Kod: 12.": 1, "Salam Əli": 2, "Sağ olun": 4}


def test_a_change_is_told_by_numbers_and_by_the_texts_it_touches():
    found = replay(
        TEXTS,
        templates(otp="Kod: {text}", hello="Salam {name}", thanks="Sağ {word}"),
        templates(otp="Kod: {code}", dotted="Kod: {code}.", thanks="Sağ {word}"),
    )
    assert found == Replay(
        matching_now=10,
        matching_then=8,
        gained=(),
        lost=("Salam Əli",),
        moved=(("Kod: 12.", "otp", "dotted"),),
        ties=(),
        counts=found.counts,
    )
    assert found.came(found.lost) == TEXTS["Salam Əli"]


def test_new_ties_are_told_with_those_who_tie():
    found = replay(["ab cd"], templates(a="ab {x}"), templates(a="ab {x}", b="{y} cd"))
    assert (found.matching_now, found.matching_then, found.lost) == (1, 0, ("ab cd",))
    assert [(text, set(keys)) for text, keys in found.ties] == [("ab cd", {"a", "b"})]


def test_a_tie_that_is_there_already_is_no_news():
    both = dict(templates(a="ab {x}", b="{y} cd"))
    assert replay(["ab cd"], both.items(), both.items()).ties == ()


def test_texts_gained_are_named_once_and_counted_as_often_as_they_came():
    found = replay(["Kod: 1", "Kod: 1", "Kod: 2"], [], templates(otp="Kod: {code}"))
    assert (found.matching_now, found.matching_then, found.gained) == (0, 3, ("Kod: 1", "Kod: 2"))


def test_masked_texts_are_matched_digit_for_digit():
    current = dict(templates(otp="Kod #1: {code} (24 saat)"))
    found = replay(["Kod ##: ###### (## saat)", "Kod ##: x (## saat)"], current.items(), [], masked=True)
    assert (found.matching_now, found.matching_then, found.lost) == (1, 0, ("Kod ##: ###### (## saat)",))


def test_masked_dates_amounts_and_codes_keep_their_kinds():
    declared = {"when": "date", "sum": "amount", "code": "code", "what": "text", "tel": "phone"}
    body = parse_body("{what}: {sum} AZN, {when}, {code}, {tel}", parse_kinds(declared))
    text = "Sifariş ##########: ##.## AZN, ##/##/####, A#K#, +### ## ### ## ##"
    assert replay([text], [("one", body)], [], masked=True).matching_now == 1
