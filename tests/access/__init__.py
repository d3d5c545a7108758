"""Who may do what: roles, Studio, launches, and what GitHub shares."""
