"""What the demo shows: its steps on the terminal, and its page."""
