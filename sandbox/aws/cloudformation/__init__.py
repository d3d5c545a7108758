"""CloudFormation as it acts on somebody's behalf, and the resource types that MiniStack lacks or half knows."""
