"""`python -m sandbox.plugins.aws` is the plugin's process: the engine starts it and reads the port from its stdout."""

from sandbox.plugins.startup import import_protocol_alone

if __name__ == "__main__":
    import_protocol_alone()
    # Imported only now: the protocol has to be in place first.
    from sandbox.plugins.aws.provider import AwsProvider
    from sandbox.plugins.server import serve

    serve(AwsProvider())
