"""A small simulation of how the platform adds instances while images wait.

Target-based scaling as Microsoft documents it
(https://learn.microsoft.com/azure/azure-functions/functions-target-based-scaling): every few
seconds the number of waiting messages is divided by how many one instance should have at once, and
at most four instances are added. How often it looks and how long an instance takes to start are
assumptions, named below; nothing of it was measured in Azure.
"""

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

LOOK_EVERY_S = 10
ADDED_AT_ONCE = 4
START_S = 15
"""From the decision to an instance's first caption."""
IDLE_S = 60
"""An instance with nothing to do goes after so long."""

type Arrivals = Callable[[int], float]
"""How many images land in a second of the simulated time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """What the instances can do: images a second of each, its messages at once, and how many."""

    images_a_second: float
    at_once: int
    most: int


@dataclass(frozen=True, slots=True)
class Course:
    """What happened, second by second."""

    waiting: list[float] = field(default_factory=list)
    oldest_s: list[float] = field(default_factory=list)
    instances: list[int] = field(default_factory=list)

    @property
    def instance_seconds(self) -> int:
        return sum(self.instances)

    @property
    def longest_wait_s(self) -> float:
        return max(self.oldest_s, default=0.0)

    @property
    def most_instances(self) -> int:
        return max(self.instances, default=0)


def simulate(arrivals: Arrivals, last_s: int, fleet: Fleet) -> Course:
    """Let images land until `last_s`, and follow the instances until none waits.

    Raises `ValueError` where the fleet never gets done with them.
    """
    course, queue = Course(), deque[tuple[int, float]]()
    starting, running, idle_since = deque[int](), 0, 0
    second, limit = 0, 100 * last_s + 100_000
    while second < last_s or queue:
        if second > limit:
            raise ValueError("The images do not come to an end: allow more instances.")
        if landed := arrivals(second) if second < last_s else 0.0:
            queue.append((second, landed))
        while starting and starting[0] <= second:
            starting.popleft()
            running += 1
        _caption(queue, running * fleet.images_a_second)
        waiting = sum(count for _, count in queue)
        if waiting:
            idle_since = second
        if second % LOOK_EVERY_S == 0:
            wanted = min(math.ceil(waiting / fleet.at_once), fleet.most)
            added = min(max(wanted - running - len(starting), 0), ADDED_AT_ONCE)
            starting.extend([second + START_S] * added)
        if second - idle_since >= IDLE_S and running:
            running, idle_since = running - 1, second
        course.waiting.append(waiting)
        course.oldest_s.append(second - queue[0][0] if queue else 0)
        course.instances.append(running)
        second += 1
    return course


def _caption(queue: deque[tuple[int, float]], most: float) -> None:
    """Take up to so many images from the queue, the oldest first."""
    while queue and most > 0:
        second, count = queue.popleft()
        if count > most:
            queue.appendleft((second, count - most))
        most -= count
