"""Markdown as GitHub renders it, as far as summaries of jobs use it."""

from markdown_it import MarkdownIt

# Source: GitHub Docs, "GitHub Flavored Markdown Spec". HTML, of which GitHub keeps harmless elements, is shown as text;
# links and images of schemes that run scripts are none, by markdown-it's own check.
_PARSER = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def rendered(text: str) -> str:
    """Return Markdown as HTML that cannot run scripts."""
    return str(_PARSER.render(text))
