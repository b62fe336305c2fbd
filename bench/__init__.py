"""Benchmarks: every speed is a ratio, measured side by side in one run."""
