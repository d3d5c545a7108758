"""Draw the architecture of stacks from the resources in their state.

| module          | what it does                                                       |
| --------------- | ------------------------------------------------------------------ |
| `components.py` | reads the components of a stack, and which build on which          |
| `layout.py`     | places components in rows                                          |
| `overview.py`   | draws all stacks, GitHub and people in one picture, as SVG         |
"""
