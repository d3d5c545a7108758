"""Tests of the stand-ins for Pulumi's plugins, called as the engine calls them, and of the engine."""
