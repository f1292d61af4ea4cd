"""The process in which one picture is read: it comes in by standard input, what is kept of it goes out by standard output, and nothing else is ever opened.

Started by its path, in isolated mode and with an empty environment (`school.pictures`), so it imports nothing of ours. Its one argument is Pillow's name of
the format. Out come a byte, J (JPEG) or P (PNG), two lengths of four bytes, most significant first, the picture and its thumbnail.
"""

import io
import resource
import struct
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

MOST_PIXELS = 50_000_000  # a phone's largest camera mode has 48 or 50 million
LONGEST_SIDE = 2_560  # a letter of A4 that was photographed can still be read
THUMBNAIL_SIDE = 320
MEMORY = 1_500_000_000  # bytes: 50 million pixels with transparency take 200 million, and are held more than once
BROKEN, TOO_MANY_PIXELS = 3, 4
"""What it ends with, where it gives nothing: the picture cannot be read; it claims more pixels than are ever read."""


def main() -> int:
    """Read one picture; 0, or why there is none."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a crash must not leave a family's photo in a core file
    with suppress(ValueError, OSError):  # not every system limits this
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = None  # refused below, before a pixel is read
    try:
        picture = Image.open(io.BytesIO(sys.stdin.buffer.read()), formats=[sys.argv[1]])
        if picture.width * picture.height > MOST_PIXELS:
            return TOO_MANY_PIXELS
        picture.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))  # a large JPEG is read at half its size where that is enough
        picture.load()
        is_drawn = picture.format in {"PNG", "GIF"}
        has_gaps = "A" in picture.mode or "transparency" in picture.info
        upright = ImageOps.exif_transpose(picture).convert("RGBA" if has_gaps else "RGB")
        upright.info = {}  # what the camera wrote: where, when, with what, and comments
        upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
        whole, small = io.BytesIO(), io.BytesIO()
        if is_drawn or has_gaps:
            upright.save(whole, "PNG", optimize=True)
        else:
            upright.save(whole, "JPEG", quality=85, optimize=True)
        upright.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
        _on_white(upright).save(small, "JPEG", quality=75, optimize=True)
    except Exception:  # noqa: BLE001  # whatever a broken picture makes Pillow raise, it is a broken picture
        return BROKEN
    head = struct.pack(">cII", b"P" if is_drawn or has_gaps else b"J", whole.tell(), small.tell())
    sys.stdout.buffer.write(head + whole.getvalue() + small.getvalue())
    return 0


def _on_white(picture: "Image.Image") -> "Image.Image":
    """The picture with white behind it: JPEG knows no transparency."""
    if picture.mode != "RGBA":
        return picture
    from PIL import Image

    behind = Image.new("RGB", picture.size, "white")
    behind.paste(picture, mask=picture.getchannel("A"))
    return behind


if __name__ == "__main__":
    sys.exit(main())
