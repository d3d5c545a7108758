"""`python -m sandbox.plugins.github` is the plugin's process: the engine starts it and reads the port from its stdout."""

from sandbox.plugins.startup import import_protocol_alone

if __name__ == "__main__":
    import_protocol_alone()
    # Imported only now: the protocol has to be in place first.
    from sandbox.plugins.github.provider import GitHubProvider
    from sandbox.plugins.server import serve

    serve(GitHubProvider())
