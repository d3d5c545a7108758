"""Amazon S3. The settings of a bucket are resources of their own, whose id is the bucket's name."""
