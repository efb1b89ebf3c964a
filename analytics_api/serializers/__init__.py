"""Forms of requests: JSON in, catalog entries out, every error in the contract's vocabulary."""
