"""What the aggregate request costs beside a view that only answers: `python -m benchmarks.overhead`."""
