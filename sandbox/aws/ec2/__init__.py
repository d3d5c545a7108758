"""EC2 where MiniStack falls short: zones, endpoint services, dependencies between resources, and ways through a network."""
