"""What matching costs: `python3 dev.py bench matching`.

Families of templates, told apart by their beginning, middle, end, by a short word, by two
words, and all of these mixed; 100 and 10,000 of each. The medians are of texts that match,
and of texts that miss by a character; the worst is the slowest that we know of 1,600
characters. "Made to be hard" are families that the index can't tell apart (crossed.py).
Building is CPU time, parsing the bodies left out.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Iterable, Sequence

from sms.domain.matching.index import Index
from sms.domain.matching.nearest import nearest
from sms.domain.matching.templates import Body, PlaceholderKind, parse_body

from . import crossed
from .crossed import LONGEST, filled
from .results import record

FEW, MANY = 100, 10_000
ROUNDS = 7
SAMPLES = 200

FAMILIES = {
    "beginning": "Mağaza {n}: hörmətli {{name}}, {{order}} nömrəli sifarişiniz yola salındı.",
    "middle": "Hörmətli {{name}}, {n}-ci filialdan {{order}} nömrəli sifarişiniz yola salındı.",
    "end": "Hörmətli {{name}}, {{order}} nömrəli sifarişiniz yola salındı. Filial {n}",
    "two words": "Hörmətli {{name}}, a{tens} malı üzrə {{order}} nömrəli b{ones} sifarişiniz {{status}}.",
    "short": "A {{name}} {n} {{order}}.",
}
KINDS = {"order": PlaceholderKind.DIGITS}


def source_of(family: str, number: int) -> str:
    return FAMILIES[family].format(n=number, tens=number // 100, ones=number % 100)


def bodies(families: Sequence[str], count: int) -> list[tuple[int, Body]]:
    return [(n, parse_body(source_of(families[n % len(families)], n), KINDS)) for n in range(count)]


def texts(templates: Sequence[tuple[int, Body]]) -> list[str]:
    step = max(len(templates) // SAMPLES, 1)
    values = {"name": "Aygün", "order": "004217", "status": "yoldadır"}
    return [body.render(values) for _, body in templates[::step]][:SAMPLES]


def misses(matching: Iterable[str]) -> list[str]:
    return [text[: len(text) // 2] + "’" + text[len(text) // 2 + 1 :] for text in matching]


def hostile(family: str) -> list[str]:
    """Texts with the words of as many templates as fit, none of which gives the text, and repeated words."""
    source = source_of(family, 1000)
    before, _, rest = source.partition("{name}")
    words = [source_of(family, n).partition("{name}")[2].partition("{order}")[0] for n in range(1000, 1400)]
    packed = before + "x" + "".join(words)
    end = rest.rpartition("}")[2]
    repeated = (before + "x") * LONGEST
    return [
        filled(packed, end),
        filled(packed, "7" + end),
        filled(repeated, end),
        "a" * LONGEST,
        filled(", " * LONGEST, end),
    ]


def best_times(work: Callable[[str], object], samples: Iterable[str]) -> list[float]:
    """Microseconds of each sample, the best of a few rounds, so that other load on the machine counts little."""
    found = []
    for sample in samples:
        rounds = []
        for _ in range(ROUNDS):
            start = time.perf_counter()
            work(sample)
            rounds.append(time.perf_counter() - start)
        found.append(min(rounds) * 1e6)
    return found


def built(templates: Sequence[tuple[int, Body]]) -> tuple[Index[int], float]:
    """The index, and the milliseconds of processor time that building it took."""
    gc.collect()
    start = time.process_time()
    index = Index(templates)
    return index, (time.process_time() - start) * 1e3


def measure(name: str, families: Sequence[str]) -> tuple[str, ...]:
    small, large = bodies(families, FEW), bodies(families, MANY)
    few, (many, building) = Index(small), built(large)
    hit_few = statistics.median(best_times(few.match, texts(small)))
    hit_many = statistics.median(best_times(many.match, texts(large)))
    miss = statistics.median(best_times(many.match, misses(texts(large))))
    worst = max(best_times(many.match, [text for family in families for text in hostile(family)]))
    times = (f"{value:.1f}" for value in (hit_few, hit_many, miss))
    return (name, f"{hit_many / hit_few:.2f}", *times, f"{worst:.0f}", f"{building:.0f}")


def measure_crossed() -> str:
    worst = {name: max(best_times(index.match, [text])) / 1e3 for name, (index, text) in crossed.indexes().items()}
    return "Made to be hard: " + ", ".join(f"{name} {time:.2f} ms" for name, time in worst.items()) + "."


def measure_nearest() -> str:
    index = Index(bodies(list(FAMILIES), MANY))
    sample = misses(texts(bodies(list(FAMILIES), MANY)))[:50]
    start = time.process_time()
    nearest(index, sample[0])
    first = (time.process_time() - start) * 1e3
    median = statistics.median(best_times(lambda text: nearest(index, text), sample)) / 1e3
    worst = max(best_times(lambda text: nearest(index, text), [t for f in FAMILIES for t in hostile(f)])) / 1e3
    return (
        f"Nearest of {MANY:,}: median {median:.1f} ms, worst {worst:.1f} ms, the first after a change {first:.0f} ms."
    )


def main() -> None:
    header = ("family", "ratio", f"hit of {FEW}, µs", f"hit of {MANY:,}, µs", "miss, µs", "worst, µs", "build, ms")
    rows = [measure(family, [family]) for family in FAMILIES]
    rows.append(measure("mixed", list(FAMILIES)))
    record("matching", header, rows, measure_crossed(), measure_nearest())


if __name__ == "__main__":
    main()
