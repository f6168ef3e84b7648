"""Tests of what `tests` itself is made of: the runner, its processes and its PostgreSQL."""
