"""Vendors by description: adapters that are data, checked by a schema and by the examples in it.

A description is TOML (docs/describing-a-vendor.md). Nothing here does I/O, and nothing in a description is code.
"""

from __future__ import annotations

from .adapter import Described as Described
from .examples import ExampleResult as ExampleResult
from .examples import run_examples as run_examples
from .loading import load as load
from .problems import DescriptionError as DescriptionError
from .problems import Problem as Problem
from .statements import Statement as Statement
from .statements import statements as statements
