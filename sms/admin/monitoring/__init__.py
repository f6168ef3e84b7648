"""Monitoring pages: dashboard, alerts, set-up checklist, status and error reference."""
