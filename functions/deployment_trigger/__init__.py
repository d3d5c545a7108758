"""Turn each approval of a model package into one run of `deploy.yml` in the project's deployment repository.

Alarms about drift become runs of `train.yml` in its training repository, one a week.

`event` reads what EventBridge sends, `decision` has the rules, and `deployer` applies them to the model registry
(`model_registry`), the projects (`project_parameters`), their buckets (`approval_store`, `approved_artifacts`) and GitHub
(`github`). `retrainer` does the same for alarms (`retraining_alarm`), with records of their own (`retraining_store`); both write
them as `conditional_records` does. Only the standard library and the boto3 of the Lambda runtime may be imported here, and
nothing of the rest of the platform.
"""
