"""The bootstrap: its template, its commands, and both against a local AWS."""
