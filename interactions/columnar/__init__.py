"""The columnar engine: the rows of the database kept as columns too, without one digit of difference."""
