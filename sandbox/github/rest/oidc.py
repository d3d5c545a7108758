"""The templates of the subjects of tokens of jobs."""

import re

from sandbox.github import errors
from sandbox.github.routing import Body, Call, route
from sandbox.github.state import SubjectTemplate
from sandbox.github.subjects import Subjects
from sandbox.github.transport import Response, json_response

_OF_REPOSITORY = "/repos/{owner}/{repo}/actions/oidc/customization/sub"
_OF_ORGANIZATION = "/orgs/{org}/actions/oidc/customization/sub"


class _RepositoryTemplate(Body):
    use_default: bool
    include_claim_keys: list[str] | None = None
    use_immutable_subject: bool | None = None


class _OrganizationTemplate(Body):
    include_claim_keys: list[str]


def _claims(given: list[str]) -> list[str]:
    if len(set(given)) < len(given) or not all(re.fullmatch(r"\w+", each, re.ASCII) for each in given):
        raise errors.invalid_request("include_claim_keys are unique, of letters, digits and underscores.")
    return given


@route("GET", _OF_REPOSITORY, permission="actions:read", role="pull")
def get_template_of_repository(call: Call) -> Response:
    """Get the template of a repository, and the beginning of the subjects that result.

    `use_immutable_subject` says what somebody chose, the beginning what is written: the two were seen to differ after a rename.
    Source: google/go-github, `OIDCSubjectClaimCustomTemplate`; Azure/azure-dev, pull request 9430.
    """
    subjects, template = Subjects(call.store), call.repository.subject_template
    document: dict[str, object] = {
        "use_default": template.use_default,
        "use_immutable_subject": subjects.opted_in(call.repository),
        "sub_claim_prefix": subjects.beginning(call.repository),
    }
    if not template.use_default:
        document["include_claim_keys"] = subjects.claims(call.repository)
    return json_response(200, document)


@route("PUT", _OF_REPOSITORY, permission="actions:write", role="admin")
def set_template_of_repository(call: Call) -> Response:
    """Set the template of a repository; without claims it takes over the organization's."""
    body = call.body(_RepositoryTemplate)
    if body.use_immutable_subject is False and Subjects(call.store).opted_in(call.repository):
        raise errors.ApiError(501, "Going back to subjects without ids is not implemented here")
    template = call.repository.subject_template
    call.repository.subject_template = SubjectTemplate(
        use_default=body.use_default,
        # "If `true`, the `include_claim_keys` field is ignored."
        include_claim_keys=[] if body.use_default else _claims(body.include_claim_keys or []),
        use_immutable_subject=template.use_immutable_subject or body.use_immutable_subject is True,
    )
    return json_response(201, {})


@route("GET", _OF_ORGANIZATION, permission="organization_administration:read", organization="member", scope="read:org")
def get_template_of_organization(call: Call) -> Response:
    """Get the template that repositories of the organization may take over."""
    return json_response(200, {"include_claim_keys": call.store.state.subject_claims})


@route("PUT", _OF_ORGANIZATION, permission="organization_administration:write", organization="owner", scope="write:org")
def set_template_of_organization(call: Call) -> Response:
    """Set that template."""
    call.store.state.subject_claims = _claims(call.body(_OrganizationTemplate).include_claim_keys)
    return json_response(201, {})
