"""What the tests share lies here; each folder beside it tests one part of the project."""
