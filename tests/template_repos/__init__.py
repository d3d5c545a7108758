"""The template repositories, tested as their users get them: assembled, in an environment of their own."""
