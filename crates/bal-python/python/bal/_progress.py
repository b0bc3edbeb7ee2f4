"""A bar of tqdm, where that is installed."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Callable, Iterator


@contextmanager
def bar(total: int, title: str, wanted: bool) -> Iterator[Callable[[int], None] | None]:
    """A function that is told how far the work has come."""
    try:
        from tqdm.auto import tqdm
    except ImportError:
        wanted = False
    if not wanted:
        yield None
        return
    with tqdm(total=total, desc=title, leave=False) as shown:
        yield lambda done: shown.update(done - shown.n)
