"""A project that serves in production: its drift, the truth about its answers, and its training runs in MLflow."""
