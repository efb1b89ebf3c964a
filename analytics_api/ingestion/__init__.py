"""What clients send, translated to the one form that is recorded."""

# Of the wire. One differs from another in what its bodies may hold; the translators take them all.
VERSIONS = ("v1", "v2", "v3")
