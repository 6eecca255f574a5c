"""What an edition of the faults is made of."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

ROOT = Path(__file__).parents[2]
CONCEPTS = ("entropy", "gradient-descent", "normal-distribution", "markov-chain", "momentum")


def content(folder: Path) -> Path:
    """A few concepts, the shelf, and no feeds: nothing is asked of the network."""
    own = folder / "content"
    if not own.exists():
        shutil.copytree(ROOT / "content/stories", own / "stories")
        (own / "sources").mkdir()
        slugs = sorted(f.name for f in (ROOT / "content/concepts").iterdir() if f.is_dir())
        (own / "wanted.toml").write_text(f"wanted = {json.dumps(slugs)}\n")
        for slug in CONCEPTS:
            shutil.copytree(
                ROOT / "content/concepts" / slug,
                own / "concepts" / slug,
                ignore=shutil.ignore_patterns("__pycache__"),
            )
    return own
