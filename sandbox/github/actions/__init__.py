"""Actions: workflow files, the queue of runs, running one with act, stand-ins for actions."""
