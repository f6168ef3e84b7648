"""Templates and sender names: their approvals, the preview, the CSV import."""
