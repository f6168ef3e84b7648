"""The environment of tests: PostgreSQL servers, real processes, and waiting for conditions."""
