"""How fast interactions are recorded, beside loaders that only load: `python -m benchmarks.ingest`."""
