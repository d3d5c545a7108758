"""Fakes for the tests of deployment repositories: an example project, AWS, Pulumi's engine, and rendering a program."""
