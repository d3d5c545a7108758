"""The demo and a project's later deployments, on one sandbox; the files run in alphabetical order."""
