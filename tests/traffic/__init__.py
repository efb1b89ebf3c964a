"""Many senders at once: what they send, who sends it, and what must be stored of it."""
