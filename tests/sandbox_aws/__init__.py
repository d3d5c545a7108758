"""The local AWS answers, and refuses, as AWS's documentation says."""
