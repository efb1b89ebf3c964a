"""What clients send, translated to the one form that is recorded."""
