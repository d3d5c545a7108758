"""Studio: domains and user profiles, code repositories, and projects."""
