"""The inputs that the lifecycle of every resource type is tested with, by kind of service."""
