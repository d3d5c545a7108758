"""The stand-ins for Pulumi's plugins, as the engine talks to them; and the engine itself."""
