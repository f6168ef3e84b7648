"""Every way to miss a template, in six languages, among 10,000 templates: `python3 dev.py bench misses [count]`.

Of `count` texts for each way and language it counts those that were taken though they miss, and those that are not
explained by their own cause.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections import Counter

from sms.domain.matching.index import Index
from sms.domain.matching.nearest import nearest
from tests.sms.domain.matching.adversarial import CAUSES, LANGUAGES, made_templates, misses, verdict

from .results import record


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    templates = made_templates()
    index = Index(templates)
    nearest(index, "Salam")  # the first after a change builds what the others use
    rows, times = [], []
    for cause in CAUSES:
        seen: Counter[str] = Counter()
        for language in LANGUAGES:
            for miss in misses(templates, language, cause, count):
                start = time.perf_counter()
                found = verdict(index, miss)
                times.append((time.perf_counter() - start) * 1e3)
                seen["taken" if found == "taken" else "explained otherwise" if found else "explained"] += 1
        rows.append((cause.value, *(f"{seen[name]:,}" for name in ("explained", "explained otherwise", "taken"))))
    cost = f"Matching and explaining a text: median {statistics.median(times):.1f} ms, worst {max(times):.1f} ms."
    record("misses", ("cause", "explained by it", "explained otherwise", "taken wrongly"), rows, cost)


if __name__ == "__main__":
    main()
