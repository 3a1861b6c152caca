"""Many labels in one PDF, by a process that has drawn nothing before.

Run as `python -m benchmarks.batch PAPER COUNT`; it prints the seconds from opening the fonts to the last byte, the most
memory the process has held in megabytes, and the size of the file in bytes.
"""

import resource
import sys
import time
from dataclasses import replace

from benchmarks.labels import CJK, RECIPIENTS, labels
from kolli.demo import HERE
from kolli.documents.fonts import Fonts
from kolli.documents.layouts.label import lay_out
from kolli.documents.render import A6, on_sheets, paper_named, render

_BYTES = 1 if sys.platform == "darwin" else 1024  # what `ru_maxrss` counts in


def main() -> None:
    """Draws so many labels of all scripts in turn, each with the same logo."""
    paper, count = paper_named(sys.argv[1]), int(sys.argv[2])
    logo = (HERE / "logo.png").read_bytes()
    by_script = [labels(script, count) for script in RECIPIENTS if script != "Japanese" or CJK.exists()]
    contents = [replace(by_script[number % len(by_script)][number], logo=logo) for number in range(count)]
    began = time.perf_counter()
    fonts = Fonts(CJK if CJK.exists() else None)
    pages = on_sheets([lay_out(content, A6, fonts) for content in contents], paper)
    file = render(pages, "application/pdf", 72, fonts)
    seconds = time.perf_counter() - began
    print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _BYTES / 1024**2, len(file))


if __name__ == "__main__":
    main()
