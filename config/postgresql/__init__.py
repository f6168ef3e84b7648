"""Django's PostgreSQL backend with a health check that costs a call no round trip."""
