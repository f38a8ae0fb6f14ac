"""Draw the icon of the integration: a speech bubble with a waveform that arrives."""

from pathlib import Path

from PIL import Image, ImageChops, ImageDraw, ImageFilter

BRAND = Path(__file__).parents[2] / "custom_components" / "streaming_tts" / "brand"
SIZES = {"icon.png": 256, "icon@2x.png": 512}

# Drawn on a square of 512 units with OVERSAMPLING pixels each, then scaled down
UNITS = 512
OVERSAMPLING = 8

TOP_LEFT = (0x6D, 0x4A, 0xF2)
BOTTOM_RIGHT = (0x0C, 0xC4, 0xC4)

# The waveform: height and opacity of each bar
BAR_WIDTH = 40
BAR_PITCH = 70
BARS = [(96, 1.0), (200, 1.0), (272, 1.0), (164, 1.0), (92, 0.66), (40, 0.38)]
CENTRE_Y = 226

ROUNDING = 10


def main() -> None:
    """Write the icon in each size."""
    BRAND.mkdir(exist_ok=True)
    icon = draw()
    for name, size in SIZES.items():
        scaled = icon.resize((size, size), Image.Resampling.LANCZOS)
        scaled.save(BRAND / name, optimize=True)


def draw() -> Image.Image:
    """Draw the icon at full size."""
    icon = Image.composite(
        Image.new("RGB", (UNITS * OVERSAMPLING,) * 2, BOTTOM_RIGHT),
        Image.new("RGB", (UNITS * OVERSAMPLING,) * 2, TOP_LEFT),
        diagonal(),
    ).convert("RGBA")
    icon.paste((255, 255, 255, 255), mask=voice())
    icon.putalpha(bubble())
    return icon


def diagonal() -> Image.Image:
    """Return a mask that grows from the top left to the bottom right."""
    down = Image.linear_gradient("L").resize((UNITS * OVERSAMPLING,) * 2)
    return ImageChops.blend(down, down.transpose(Image.Transpose.ROTATE_90), 0.5)


def bubble() -> Image.Image:
    """Return the mask of a speech bubble whose tail is at the bottom left."""
    mask = Image.new("L", (UNITS * OVERSAMPLING,) * 2)
    shape = ImageDraw.Draw(mask)
    shape.rounded_rectangle(scaled(8, 8, 504, 444), 132 * OVERSAMPLING, fill=255)
    shape.polygon(scaled(92, 380, 78, 514, 250, 430), fill=255)
    # Blurring a mask and cutting it at the middle rounds its corners
    blurred = mask.filter(ImageFilter.GaussianBlur(ROUNDING * OVERSAMPLING))
    return blurred.point([0] * 128 + [255] * 128)


def voice() -> Image.Image:
    """Return the mask of the bars; the last ones are faint."""
    mask = Image.new("L", (UNITS * OVERSAMPLING,) * 2)
    shape = ImageDraw.Draw(mask)
    left = (UNITS - (len(BARS) - 1) * BAR_PITCH - BAR_WIDTH) / 2
    for number, (height, presence) in enumerate(BARS):
        x = left + number * BAR_PITCH
        box = scaled(x, CENTRE_Y - height / 2, x + BAR_WIDTH, CENTRE_Y + height / 2)
        shape.rounded_rectangle(box, BAR_WIDTH / 2 * OVERSAMPLING, round(255 * presence))
    return mask


def scaled(*units: float) -> list[float]:
    """Convert units to pixels."""
    return [unit * OVERSAMPLING for unit in units]


if __name__ == "__main__":
    main()
