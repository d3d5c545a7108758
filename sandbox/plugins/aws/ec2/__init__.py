"""Networks: Amazon VPC, which is part of EC2's API."""
