"""The short as video: an H.264 deliverable, an intra-coded master with a timecode track, a stock clip, timelines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
from draw_scene import SHOTS, scene
from PIL import Image

RATE = 24
SHOT_FRAMES = 42  # a shot; hard cuts between them
SIZE = (480, 270)
MASTER_START = "01:00:00:00"


def film(frames: int = SHOT_FRAMES) -> Iterator[Image.Image]:
    for shot in SHOTS:
        for number in range(frames):
            yield scene(shot, number / (frames - 1), SIZE)


def write_video(
    path: Path,
    frames: Iterator[Image.Image],
    codec: str,
    pixel_format: str,
    options: dict[str, str],
    *,
    timecode: str | None = None,
) -> None:
    """Encode frames as one video. One thread and no tool's stamp, so that the bytes are the same on every run."""
    with av.open(str(path), "w", options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream(codec, rate=Fraction(RATE), options=options)
        stream.width, stream.height, stream.pix_fmt, stream.thread_count = *SIZE, pixel_format, 1
        stream.codec_context.color_range = 1  # limited range, BT.709: what its readers will assume, said outright
        stream.codec_context.colorspace = stream.codec_context.color_primaries = stream.codec_context.color_trc = 1
        if timecode is not None:
            stream.metadata["timecode"] = timecode  # the QuickTime muxer makes a tmcd track of it
        for picture in frames:
            frame = av.VideoFrame.from_image(picture).reformat(
                format=pixel_format, dst_colorspace=av.video.reformatter.Colorspace.ITU709
            )
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def draw_film(archive: Path) -> None:
    # A constant quantiser: the rate control that looks ahead does not give the same bytes on every run.
    x264 = {"qp": "24", "preset": "veryfast", "g": "24", "threads": "1"}
    data = archive / "05_deliverables/data"
    master, stock = archive / "03_production/masters", archive / "06_stock"
    for folder in (data, master, stock):
        folder.mkdir(parents=True, exist_ok=True)
    write_video(data / "night_ferry.mp4", film(), "libx264", "yuv420p", x264)
    write_video(
        master / "night_ferry_prores.mov", film(24), "prores_ks", "yuv422p10le", {"profile": "0"}, timecode=MASTER_START
    )
    birds = (scene("harbour", number / 47, SIZE).transpose(Image.Transpose.FLIP_LEFT_RIGHT) for number in range(48))
    write_video(stock / "harbour_birds.mp4", birds, "libx264", "yuv420p", x264)


def draw_timelines(archive: Path) -> None:
    """The cut as OpenTimelineIO and as CMX 3600 EDL: the four shots of the master, then twelve frames of stock."""
    folder = archive / "04_editorial"
    folder.mkdir(parents=True, exist_ok=True)
    master, stock = "../03_production/masters/night_ferry_prores.mov", "../06_stock/harbour_birds.mp4"
    clips = [_clip(name, master, 86400 + 24 * number, 24) for number, name in enumerate(SHOTS)]
    clips.append(_clip("harbour_birds", stock, 6, 12))
    track = {"OTIO_SCHEMA": "Track.1", "name": "V1", "kind": "Video", "children": clips}
    stack = {"OTIO_SCHEMA": "Stack.1", "name": "tracks", "children": [track]}
    timeline = {"OTIO_SCHEMA": "Timeline.1", "name": "night_ferry_cut_v2", "tracks": stack}
    (folder / "night_ferry_cut_v2.otio").write_text(json.dumps(timeline, indent=1) + "\n", "utf-8")
    lines, at = ["TITLE: NIGHT FERRY CUT V2", "FCM: NON-DROP FRAME", ""], 86400
    for number, clip in enumerate(clips, 1):
        start = clip["source_range"]["start_time"]["value"]
        length = clip["source_range"]["duration"]["value"]
        reel = "BIRDS" if clip["name"] == "harbour_birds" else "MASTER"
        times = " ".join(_timecode(value) for value in (start, start + length, at, at + length))
        lines += [f"{number:03}  {reel:8} V     C        {times}", f"* FROM CLIP NAME: {clip['name']}", ""]
        at += length
    (folder / "night_ferry_cut_v2.edl").write_text("\r\n".join(lines), "ascii", newline="")


def _clip(name: str, target: str, start: int, length: int) -> dict:
    times = {"start_time": _time(start), "duration": _time(length)}
    media = {"OTIO_SCHEMA": "ExternalReference.1", "target_url": target}
    return {
        "OTIO_SCHEMA": "Clip.1",
        "name": name,
        "source_range": {"OTIO_SCHEMA": "TimeRange.1"} | times,
        "media_reference": media,
    }


def _time(value: int) -> dict:
    return {"OTIO_SCHEMA": "RationalTime.1", "rate": RATE, "value": value}


def _timecode(frames: int) -> str:
    seconds, frame = divmod(frames, RATE)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}:{frame:02}"
