"""What stands above a story: its outlet and age, its authors."""

from __future__ import annotations

from datetime import datetime

from digest.domain.story import Story


def kicker(story: Story, now: datetime) -> str:
    """Outlet and age, or the year of a story from the shelf."""
    if story.shelf:
        return f"From the shelf · {story.year}"
    when = story.published or story.first_seen
    return f"{story.outlet} · {_age(when, now)}" if when else story.outlet


def byline(story: Story) -> str:
    """Up to three authors, the arXiv id, the minutes to read: what is known of them."""
    first = [name for name in story.authors[:3] if name != "others"]
    names = ", ".join(first) + (" and others" if len(story.authors) > len(first) else "")
    arxiv = story.ref.removeprefix("arxiv:") if story.ref.startswith("arxiv:") else ""
    minutes = f"{story.minutes} min" if story.minutes else ""
    return " · ".join(filter(None, (names, f"arXiv {arxiv}" if arxiv else "", minutes)))


def _age(when: datetime, now: datetime) -> str:
    hours = max(0, round((now - when).total_seconds() / 3600))
    if hours < 1:
        return "within the hour"
    if hours < 36:  # noqa: PLR2004 - beyond a day and a half days read better
        return f"{hours} hour{'s' * (hours != 1)} ago"
    return f"{round(hours / 24)} days ago"
