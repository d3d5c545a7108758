"""The template repositories, tested as their users get them: assembled, in their own environments."""
