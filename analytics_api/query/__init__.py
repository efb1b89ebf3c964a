"""From a validated request to rows: plan, compile, run, shape. Knows no HTTP."""
