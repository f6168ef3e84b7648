"""What the admin shows about the system: dashboard, alerts, set-up checklist, glossary."""
