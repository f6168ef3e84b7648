"""Changes inside strings: SQL, patterns, lists of words, and other texts as a whole."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

SQL = re.compile(r"\b(SELECT|UPDATE|INSERT INTO|DELETE FROM|WHERE|AND|ORDER BY|LIMIT|RETURNING|SET)\s", re.DOTALL)
PATTERN = re.compile(r"\(\?|\\[dswbSWD]|\[[^\]]+\]|\{\d+,?\d*\}")
_END_OF_CONDITION = r"(?=\s+(?:AND|OR|ORDER|GROUP|LIMIT|FOR|RETURNING|UNION|THEN|WHEN)\b|\)|;|$)"

IN_SQL = [
    (re.compile(rf"\s(AND|OR)\s+(?:[^()]|\([^()]*\))*?{_END_OF_CONDITION}", re.DOTALL), ""),
    (re.compile(rf"(?<=WHERE\s)(?:[^()]|\([^()]*\))+?{_END_OF_CONDITION}", re.DOTALL), "1 = 1"),
    (re.compile(r"(?<![<>!])=(?!=)(?=[^=]*$)|(?<=\s)=(?=\s)"), "<>"),
    (re.compile(r"<>|!="), "="),
    (re.compile(r"<="), "<"),
    (re.compile(r">="), ">"),
    (re.compile(r"<(?![=>])"), "<="),
    (re.compile(r"(?<![<-])>(?!=)"), ">="),
    (re.compile(r"\bAND\b"), "OR"),
    (re.compile(r"\bOR\b"), "AND"),
    (re.compile(r"\bNOT\s+"), ""),
    (re.compile(r"\bIS NULL"), "IS NOT NULL"),
    (re.compile(r"(?<!NOT )\bEXISTS\b"), "NOT EXISTS"),
    (re.compile(r"(?<!NOT )\bIN\b(?= \()"), "NOT IN"),
    (re.compile(r"\bASC\b"), "DESC"),
    (re.compile(r"\s+DESC\b"), ""),
    (re.compile(r"\bNULLS FIRST\b"), "NULLS LAST"),
    (re.compile(r"\s+LIMIT\s+\S+"), ""),
    (re.compile(r"\s+FOR (NO KEY )?UPDATE( OF \w+)?( SKIP LOCKED)?"), ""),
    (re.compile(r"\s+SKIP LOCKED"), ""),
    (re.compile(r"\bmin\(", re.IGNORECASE), "max("),
    (re.compile(r"\b(greatest|max)\(", re.IGNORECASE), "min("),
    (re.compile(r"\s\+\s"), " - "),
    (re.compile(r"\s-\s"), " + "),
]
IN_PATTERNS = [
    (re.compile(r"\|(?:\\.|\[[^\]]*\]|[^|()\\\[])*(?=[|)]|$)"), ""),
    (re.compile(r"(?<=[(:|])(?:\\.|\[[^\]]*\]|[^|()\\\[?])+\|"), ""),
    (re.compile(r"(?<=[\])}\w.])[?*+]\+?(?![^\[]*\])"), ""),
    (re.compile(r"\[\^"), "["),
    (re.compile(r"\(\?!"), "(?="),
    (re.compile(r"\(\?="), "(?!"),
]
NUMBER = re.compile(r"(?<![\w.\-\[%])\d+(?![\w.\-%])")
WORDS_OF_A_LIST = 4


def of_string(owner: ast.AST, field: str, node: ast.Constant) -> Iterator[ast.AST]:
    text = node.value
    if not isinstance(text, str):
        return
    for new in dict.fromkeys(texts(text, is_part=isinstance(owner, ast.JoinedStr))):
        if new != text:
            yield ast.Constant(new)


def texts(text: str, *, is_part: bool) -> Iterator[str]:
    if SQL.search(text) or (is_part and re.search(r"\b(AND|WHERE)\b", text)):
        yield from each_place(text, IN_SQL)
        yield from numbers(text)
    elif PATTERN.search(text):
        yield from each_place(text, IN_PATTERNS)
        yield from numbers(text)
    elif len(text.split()) >= WORDS_OF_A_LIST and text.lower() == text:
        for word in re.finditer(r"\S+\s?", text):
            yield text[: word.start()] + text[word.end() :]
    else:
        yield text + "x" if text else "x"


def each_place(text: str, rules: list[tuple[re.Pattern[str], str]]) -> Iterator[str]:
    for pattern, new in rules:
        for found in pattern.finditer(text):
            yield text[: found.start()] + new + text[found.end() :]


def numbers(text: str) -> Iterator[str]:
    for found in NUMBER.finditer(text):
        for other in (int(found[0]) + 1, int(found[0]) - 1):
            if other >= 0:
                yield f"{text[: found.start()]}{other}{text[found.end() :]}"
