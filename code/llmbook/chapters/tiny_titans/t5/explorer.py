"""The explorer of relative positions: the bucket of every distance, for a number of buckets and a direction."""

import torch
from matplotlib.figure import Figure

from llmbook.chapters.tiny_titans.t5.plots import plot_buckets
from llmbook.layers.relative_bias import relative_buckets
from llmbook.widgets.explorer import Choice, Explorer, Prediction, Slider, explore

REACH = 300  # distances drawn on both sides
DIRECTIONS = {"both ways (encoder)": True, "back only (decoder)": False}
BUCKETS = (4, 8, 16, 24, 32)
MAX_DISTANCES = (40, 64, 96, 128, 192, 256)
ASKED = Prediction(
    "With 32 buckets and a max distance of 128, can a head tell a key 150 places back from one 200 places back? If "
    "not, what must grow?",
    {
        "It can": "Then the two would lie on different steps. Read where the last bucket begins: from there on all "
        "distances share one number.",
        "The buckets": "Then more steps would reach beyond the max distance. Move Buckets and read where the last one "
        "begins, each time.",
        "The max distance": "Then the last bucket, which holds all far distances, would have to begin later. Move Max "
        "distance and read whether it begins behind 150.",
    },
)


def last_bucket_begins(bidirectional: bool, buckets: int, max_distance: int) -> int:
    """The smallest distance back from which all distances share a bucket."""
    back = torch.arange(0, -max_distance - 1, -1)
    found = relative_buckets(back, bidirectional=bidirectional, buckets=buckets, max_distance=max_distance)
    return int((found == found.max()).nonzero()[0])


def draw_buckets(*, buckets: int, max_distance: int, direction: str) -> tuple[Figure, str]:
    """One frame: the step line, and what it tells apart."""
    bidirectional = DIRECTIONS[direction]
    distances = torch.arange(-REACH, REACH + 1)
    found = relative_buckets(distances, bidirectional=bidirectional, buckets=buckets, max_distance=max_distance)
    last = last_bucket_begins(bidirectional, buckets, max_distance)
    figure = plot_buckets(distances.tolist(), {direction: found.tolist()}, marks=[max_distance])
    figure.axes[0].set_ylim(-1, buckets)
    exact = (buckets // 2 if bidirectional else buckets) // 2
    alone = "only distance 0 has" if exact == 1 else f"distances 0 to {exact - 1} have"
    ahead = "Keys after the query have buckets of their own." if bidirectional else "All keys after it are in bucket 0."
    return figure, (
        f"{buckets} buckets, looking {direction.split(' (')[0]}, max distance {max_distance}: looking back, {alone} a "
        f"bucket to themselves, and from {last} on all are in one. {ahead}"
    )


def explore_buckets() -> Explorer:
    """The explorer on the page about T5."""
    return explore(
        draw_buckets,
        caption="Each step is a bucket, that is one number that a head learns; dotted: the max distance. Look how long "
        "the steps become, and where the last one begins: before the max distance, and sometimes long before it.",
        name="buckets",
        predict=ASKED,
        buckets=Slider("Buckets", BUCKETS, 32, frames=(8, 16, 32)),
        max_distance=Slider("Max distance", MAX_DISTANCES, 128, frames=(64, 128, 256)),
        direction=Choice("Direction", list(DIRECTIONS), "both ways (encoder)"),
    )
