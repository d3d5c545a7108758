"""GitHub's rate limits, counted per account.

Source: GitHub Docs, "Rate limits for the REST API".
"""

import math
import threading
import time
from collections import defaultdict, deque

from sandbox.github.errors import ApiError
from sandbox.github.seed import Limits


class RateLimits:
    """Counts requests, points and created content."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._minute = limits.seconds_per_minute
        self._hour = 60 * limits.seconds_per_minute
        self._lock = threading.Lock()
        self._hour_started: dict[str, float] = {}
        self._used: dict[str, int] = defaultdict(int)
        self._points: dict[str, deque[tuple[float, int]]] = defaultdict(deque)
        self._content: dict[str, deque[float]] = defaultdict(deque)

    def count(self, login: str, user_id: int, *, writes: bool, creates_content: bool) -> dict[str, str]:
        """Count one request and return the rate limit headers of its response.

        Raises:
            ApiError: 403, a limit is reached; the headers say when to try again.
        """
        with self._lock:
            headers = self._primary(login, user_id)
            self._secondary(login, headers, writes=writes, creates_content=creates_content)
            return headers

    def status(self, login: str) -> dict[str, int]:
        """Return limit, use and reset time of the current hour."""
        with self._lock:
            started = self._hour_started.get(login, time.time())
            limit = self._limits.requests_per_hour
            used = self._used[login]
            return {"limit": limit, "used": used, "remaining": max(0, limit - used), "reset": int(started + self._hour)}

    def _primary(self, login: str, user_id: int) -> dict[str, str]:
        moment = time.time()
        started = self._hour_started.get(login)
        if started is None or moment - started >= self._hour:
            self._hour_started[login] = started = moment
            self._used[login] = 0
        limit = self._limits.requests_per_hour
        exhausted = self._used[login] >= limit
        self._used[login] += not exhausted
        headers = {
            "x-ratelimit-limit": str(limit),
            "x-ratelimit-remaining": str(limit - self._used[login]),
            "x-ratelimit-used": str(self._used[login]),
            "x-ratelimit-reset": str(math.ceil(started + self._hour)),
            "x-ratelimit-resource": "core",
        }
        if exhausted:
            raise ApiError(403, f"API rate limit exceeded for user ID {user_id}.", headers=headers)
        return headers

    def _secondary(self, login: str, headers: dict[str, str], *, writes: bool, creates_content: bool) -> None:
        moment = time.monotonic()
        points, content = self._points[login], self._content[login]
        while points and moment - points[0][0] >= self._minute:
            points.popleft()
        while content and moment - content[0] >= self._hour:
            content.popleft()
        cost = 5 if writes else 1
        if sum(point for _, point in points) + cost > self._limits.points_per_minute:
            raise _secondary_limit(points[0][0] + self._minute - moment, headers, "")
        if creates_content:
            recent = [created for created in content if moment - created < self._minute]
            blocked = " and have been temporarily blocked from content creation"
            if len(recent) >= self._limits.content_per_minute:
                raise _secondary_limit(recent[0] + self._minute - moment, headers, blocked)
            if len(content) >= self._limits.content_per_hour:
                raise _secondary_limit(content[0] + self._hour - moment, headers, blocked)
            content.append(moment)
        points.append((moment, cost))


def _secondary_limit(seconds: float, headers: dict[str, str], what: str) -> ApiError:
    return ApiError(
        403,
        f"You have exceeded a secondary rate limit{what}. Please retry your request again later.",
        headers={**headers, "retry-after": str(max(1, math.ceil(seconds)))},
    )
