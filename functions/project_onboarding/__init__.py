"""A Lambda function in each account that projects deploy to: it gives a project its roles there, and takes them away.

The template cloner of development invokes it, and decides nothing: the account's own template says what a project's roles
may do and which organization's jobs they trust, and a project keeps the repository that it was onboarded with. Every
request is short and may be repeated; `handler.py` says what it is answered.
"""
