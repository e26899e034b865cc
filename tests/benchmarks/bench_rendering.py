"""How fast digests are rendered: joined fragments against all templates for every reader.

    python -m tests.benchmarks.bench_rendering [--readers N] [--papers N]

Every reader has their own topics, ten papers of the sample, their own "why" lines and signed links.
CPU is this process's own, user and system, the best of five rounds. Nothing is sent.
"""

import argparse
import os
import random
import statistics
import time
from collections.abc import Callable, Sequence

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "newsletter.settings")
django.setup()

from newsletter.digests.selection import Choice, Reader, Shelf  # noqa: E402  # models need Django set up
from tests.newsletter import digest_readers as made  # noqa: E402


def best(work: Callable[[], object], count: int, rounds: int = 5) -> float:
    """Microseconds of CPU for each of `count` things that `work` makes."""
    spent = []
    for _ in range(rounds):
        began = time.process_time()
        work()
        spent.append(time.process_time() - began)
    return min(spent) / count * 1e6


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--readers", type=int, default=2000)
    parser.add_argument("--papers", type=int, default=10)
    options = parser.parse_args()
    draw = random.Random(1)
    places = made.sample_places()
    began = time.process_time()
    press = made.make_press(places)
    prepared = time.process_time() - began
    assert press.html is not None
    html, text, shelf = press.html, press.text, Shelf(places)
    orders: list[tuple[Reader, Sequence[Choice]]] = []
    for number in range(1, options.readers + 1):
        topics = frozenset(draw.sample(sorted(made.TOPICS), 3))
        reader = made.make_reader(number, topics=topics, papers_wanted=options.papers)
        orders.append((reader, shelf.select(reader)))
    mails = [press.render(reader, choices, reader.id) for reader, choices in orders]
    sizes = sorted(len(mail.as_bytes()) for mail in mails)
    html_sizes = sorted(sum(fragment.size for fragment in mail.html) for mail in mails)
    few = orders[:50]

    def joined() -> None:
        for reader, choices in orders:
            press.render(reader, choices, reader.id)

    def written() -> None:
        for mail in mails:
            mail.as_bytes()

    def rendered_whole() -> None:
        for reader, choices in few:
            for form in (html, text):
                made.whole(press, form, reader, choices, reader.id)

    ours, bytes_too = best(joined, len(orders)), best(written, len(mails))
    plain = best(rendered_whole, len(few), 2)
    papers = statistics.mean(len(choices) for _, choices in orders)
    print(f"{len(places)} papers prepared once in {prepared * 1000:.0f} ms")
    print(f"{len(orders)} readers with {papers:.1f} papers each; CPU microseconds for one reader:")
    print(f"  joined fragments (DigestPress.render)   {ours:9.1f}")
    print(f"  and written out (Mail.as_bytes)      {bytes_too:9.1f}")
    print(f"  all templates for each reader        {plain:9.1f}   {plain / ours:.0f} times as much")
    print(f"bytes as sent: median {sizes[len(sizes) // 2]:,}, largest {sizes[-1]:,}")
    print(f"bytes of HTML: median {html_sizes[len(html_sizes) // 2]:,}, largest {html_sizes[-1]:,}")


if __name__ == "__main__":
    main()
