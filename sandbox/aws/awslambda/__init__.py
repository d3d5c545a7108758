"""Lambda: roles of functions, their environment, asynchronous invocations and logs."""
