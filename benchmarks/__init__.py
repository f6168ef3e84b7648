"""The benchmarks and their results (results.md). Ratios within one run matter more than absolute figures."""
