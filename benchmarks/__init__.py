"""What is measured, against what, and the last figures (results.md). Ratios within one run come first."""
