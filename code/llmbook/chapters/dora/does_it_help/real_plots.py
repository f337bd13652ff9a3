"""Which weights of a published model moved: a line over its layers for each kind of matrix."""

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from llmbook.plots.style import CYCLE, DASHES, MARKERS, PALETTE, new_figure, styled


@styled
def plot_moved(moved: Mapping[str, Mapping[str, Sequence[float]]], *, titles: Mapping[str, str]) -> Figure:
    """How far each matrix has moved, relative to its size: a panel for each method, a line for each kind.

    Args:
        moved: by method, by kind of matrix: a share for each layer, from the first on.
        titles: by method.
    """
    figure, axes = new_figure(1, len(moved), size=(7.0, 3.3), squeeze=False)
    for ax, (method, kinds) in zip(axes[0], moved.items(), strict=True):
        for place, (kind, shares) in enumerate(kinds.items()):
            ax.plot(range(len(shares)), [100 * share for share in shares], color=PALETTE[CYCLE[place]],
                    linestyle=DASHES[place], marker=MARKERS[place], markersize=3, linewidth=1.4,
                    label=kind.removesuffix("_proj"))  # fmt: skip
        ax.set(title=titles[method], xlabel="layer")
        ax.set_ylim(bottom=0)
    axes[0][0].set_ylabel("% of the matrix's size")
    handles = axes[0][0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=5, fontsize=10, columnspacing=1.2)
    return figure
