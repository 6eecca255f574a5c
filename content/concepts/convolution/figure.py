"""A drawn shape, its edges by one 3 by 3 kernel, and the same shape moved."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import DIVERGING, GREY, INK

HEIGHT = 3.8
VARIANTS = (
    {"kernel": ((1, 0, -1), (2, 0, -2), (1, 0, -1)), "shift": (3, 8), "name": "upright edges"},
    {"kernel": ((1, 2, 1), (0, 0, 0), (-1, -2, -1)), "shift": (4, 6), "name": "level edges"},
)

SIDE = 28


def convolve(image, kernel):
    """Slide the kernel over the image, no padding: out[i, j] = sum image[i+a, j+b] kernel[a, b]."""
    height, width = (np.array(image.shape) - np.array(kernel.shape) + 1).tolist()
    out = np.zeros((height, width))
    for (a, b), weight in np.ndenumerate(kernel):
        out += weight * image[a : a + height, b : b + width]
    return out


def compute(rng, kernel, shift, name):
    kernel = np.array(kernel, dtype=float)
    image = np.zeros((SIDE, SIDE))
    rows, columns = np.mgrid[:SIDE, :SIDE]
    image[(rows >= 3) & (rows < 10) & (np.abs(columns - 9) <= rows - 3)] = 1  # the roof
    image[10:19, 5:14] = 1  # the walls
    image[13:19, 8:11] = 0  # the door
    image += 0.02 * rng.standard_normal(image.shape)
    moved = np.roll(image, shift, axis=(0, 1))
    out, out_moved = convolve(image, kernel), convolve(moved, kernel)
    # The same by Fourier transform: correlation is a product with the conjugate.
    spectrum = np.fft.fft2(image) * np.conj(np.fft.fft2(kernel, image.shape))
    fourier = np.fft.ifft2(spectrum).real[: out.shape[0], : out.shape[1]]
    signal, ramp = np.array([2.0, 2, 2, 5, 5, 5]), np.array([-1.0, 0, 1])
    steps = convolve(signal[None], ramp[None])[0]
    return SimpleNamespace(
        image=image,
        moved=moved,
        kernel=kernel,
        out=out,
        out_moved=out_moved,
        fourier=fourier,
        shift=shift,
        name=name,
        weights=kernel.size,
        pixels=SIDE**2,
        side=SIDE,
        dense=SIDE**2 * out.size,
        steps=steps,
        s0=steps[0],
        s1=steps[1],
        s2=steps[2],
        s3=steps[3],
    )


def check(n):
    down, right = n.shift
    there = n.out_moved[down:, right:]
    here = n.out[: there.shape[0], : there.shape[1]]
    yield "moving the image moves the response, to rounding", np.allclose(there, here, atol=1e-12)
    yield "it agrees with the Fourier route", np.allclose(n.fourier, n.out, atol=1e-10)
    yield "the kernel sees edges only: it sums to zero", n.kernel.sum() == 0
    yield "and answers with both signs", n.out.max() > 3 and n.out.min() < -3
    # image[i+a]: the kernel is not flipped, so a rise to the right meets (-1, 0, 1) with a plus.
    yield "the example's rise gives 0, 3, 3, 0", np.allclose(n.steps, [0, 3, 3, 0])


def draw(fig, n):
    grid = fig.add_gridspec(2, 3, width_ratios=(1, 0.8, 1))
    edge = np.abs(n.out).max()
    for row, (image, out) in enumerate(((n.image, n.out), (n.moved, n.out_moved))):
        left, right = fig.add_subplot(grid[row, 0]), fig.add_subplot(grid[row, 2])
        left.imshow(image, cmap="Greys", vmin=-0.05, vmax=1.2)
        right.imshow(out, cmap=DIVERGING, vmin=-edge, vmax=edge)
        for ax in (left, right):
            ax.set(xticks=[], yticks=[])
            ax.spines[:].set(visible=True, color=GREY, linewidth=1.2)
        left.set_ylabel(("shape", "moved")[row])
    middle = fig.add_subplot(grid[:, 1])
    middle.imshow(n.kernel, cmap=DIVERGING, vmin=-3.4, vmax=3.4, extent=(0, 3, 0, 3))
    for (a, b), weight in np.ndenumerate(n.kernel):
        text = f"{weight:.0f}".replace("-", "−")
        middle.text(b + 0.5, 2.5 - a, text, ha="center", va="center", weight="bold")
    middle.set(xlim=(-0.5, 3.5), ylim=(-2.2, 5.2))
    middle.text(1.5, 3.5, f"{n.weights} weights", ha="center", weight="bold")
    for height in (4.85, -1.6):
        middle.annotate(
            "",
            (3.4, height),
            (-0.4, height),
            arrowprops={"arrowstyle": "-|>", "color": INK, "linewidth": 2.5, "mutation_scale": 20},
        )
    middle.axis("off")


MUTANTS = {
    "the kernel is flipped": ("np.ndenumerate(kernel)", "np.ndenumerate(kernel[::-1, ::-1])"),
    "the window stands still": (
        "image[a : a + height, b : b + width]",
        "image[:height, :width]",
    ),
}
