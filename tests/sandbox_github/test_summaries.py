"""Summaries of jobs on the page of a run."""

import json

from tests.sandbox_github.remote import Remote

SUMMARY = """# Heading of <script>alert(1)</script>

| name | value |
| --- | --- |
| one | **two** |

[bad](javascript:alert(1)) [good](https://example.com) <img src=x onerror=alert(1)>

```
+ a <bucket>
```
"""
WORKFLOW = f"""
on: workflow_dispatch
jobs:
  many:
    strategy: {{matrix: {{number: [1, 2]}}}}
    runs-on: ubuntu-latest
    steps:
      - env: {{TEXT: {json.dumps(SUMMARY)}}}
        run: printf '%s' "$TEXT" >> $GITHUB_STEP_SUMMARY
      - run: echo "number ${{{{ matrix.number }}}} of <${{{{ github.token }}}}>" >> $GITHUB_STEP_SUMMARY
"""


def test_the_page_of_a_run_shows_the_summary_of_each_job_as_markdown_that_runs_no_script(remote: Remote) -> None:
    path = remote.with_workflow("summaries", WORKFLOW)
    run = remote.dispatch(path)
    assert run["conclusion"] == "success", remote.log(run)
    answer = remote.raw("GET", f"/acme/summaries/actions/runs/{run['id']}")
    page = answer.content.decode()
    for number in (1, 2):
        _, _, after = page.partition(f"<h2>many ({number}) summary</h2>")
        summary = after.partition("<h2>")[0]
        assert "<h1>Heading of &lt;script&gt;alert(1)&lt;/script&gt;</h1>" in summary
        assert "<td><strong>two</strong></td>" in summary
        assert '<a href="https://example.com">good</a>' in summary
        assert "<pre><code>+ a &lt;bucket&gt;\n</code></pre>" in summary
        assert f"<p>number {number} of &lt;***&gt;</p>" in summary
    for harmful in ("<script", "<img", 'href="javascript'):
        assert harmful not in page
    policy = {name.lower(): value for name, value in answer.headers.items()}["content-security-policy"]
    assert policy.startswith("default-src 'none';")
    assert "script-src" not in policy
