"""Video, intra codecs, one frame a second: ProRes, DNxHR and FFV1 masters, against `ffmpeg -vf fps=1` to JPEG.

Goal (PERFORMANCE.md): at least 5 times as fast in CPU-seconds, locked child, digests and hashes included. FFmpeg
decodes every frame; ours jumps by the index (QuickTime), or reads all packets and decodes the wanted ones (MXF,
Matroska). Frames that are not sampled are where the time is saved, so no shots are found on this way.

    python tests/benchmarks/bench_video_intra.py [SECONDS]
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from bench_video import REPEATS, compare, film

SECONDS = 12
MASTERS = [
    ("ProRes 422, QuickTime", "a.mov", "prores", "yuv422p10le", {}),
    ("DNxHR SQ, MXF", "a.mxf", "dnxhd", "yuv422p", {"profile": "dnxhr_sq"}),
    ("FFV1, Matroska", "a.mkv", "ffv1", "yuv420p", {"level": "3", "slices": "4", "slicecrc": "1"}),
]


def main() -> None:
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    for what, name, codec, pixel, options in MASTERS:
        with tempfile.TemporaryDirectory() as folder:
            path = film(Path(folder) / name, codec, seconds, pixel, options)
            rate = path.stat().st_size * 8 / seconds / 1e6
            print(f"{what}, 1080p24, {seconds} s, {rate:.0f} Mb/s; CPU-seconds, best of {REPEATS}")
            compare(path, f"video, intra codecs, {what}", 5)


if __name__ == "__main__":
    main()
