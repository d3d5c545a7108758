"""MLflow apps: their operations, and requests to them, which MLflow's own server answers."""
