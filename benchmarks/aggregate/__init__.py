"""How fast the aggregate endpoint answers over millions of interactions, beside SQL written by hand."""
