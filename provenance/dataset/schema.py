"""The columns of every table in a dataset, and the metadata by which plain readers understand them.

One payload schema per kind, sharing the core columns. The schema of a file must equal the schema here, column by column
and type by type, before one row is read. manifests/FORMAT.md says what every field means.
"""

from __future__ import annotations

import json

import pyarrow as pa

from provenance.model.words import Kind

FORMAT_VERSION = 2  # 1 had no copy groups, footage trails and captions

# The leaf column that holds an item's bytes: uncompressed, not dictionary-encoded, one `pread` at its stored offset.
PAYLOAD_LEAF = {Kind.FRAMES: "image.bytes", Kind.ART: "image.bytes", Kind.SCRIPTS: "text"}

# Nullable only in form: `datasets` decodes no column that is not, and the writer refuses an item without a payload.
_IMAGE_COLUMN = pa.field("image", pa.struct([("bytes", pa.binary()), ("path", pa.string())]))

CORE = [
    pa.field("item_id", pa.string(), nullable=False),
    pa.field("asset", pa.string(), nullable=False),  # display form of the path below the archive root
    pa.field("asset_path", pa.binary(), nullable=False),  # the same path, raw bytes
    pa.field("asset_sha256", pa.string(), nullable=False),
    pa.field("asset_media_type", pa.string(), nullable=False),
    pa.field("extractor", pa.string(), nullable=False),
    pa.field("locator", pa.string(), nullable=False),  # canonical JSON of Locator
    pa.field("media_type", pa.string(), nullable=False),  # of the payload
    pa.field("payload_sha256", pa.string(), nullable=False),
    pa.field("payload_bytes", pa.int64(), nullable=False),
]

# The rights as recorded at build time: evidence. No column says "may train"; the gate asks today's ledger.
RIGHTS = [
    pa.field("rights_statements", pa.list_(pa.string()), nullable=False),  # ids of the closest records, sorted
    pa.field("rights_source", pa.string()),  # register.csv:41
    pa.field("rights_work", pa.string()),
    pa.field("rights_holder", pa.string()),
    pa.field("rights_basis", pa.string()),
    pa.field("rights_license", pa.string()),
    pa.field("rights_start", pa.date32()),
    pa.field("rights_end", pa.date32()),
    pa.field("rights_credit", pa.string()),
    pa.field("rights_signals", pa.string(), nullable=False),  # JSON list of in-file signals, verbatim
]

_PICTURE = [
    pa.field("width", pa.int32(), nullable=False),
    pa.field("height", pa.int32(), nullable=False),
    pa.field("pixel_sha256", pa.string(), nullable=False),  # of the decoded picture, see fingerprint.picture
    pa.field("phash_64", pa.uint64(), nullable=False),  # imagehash.phash of the decoded picture, big-endian bits
    pa.field("pdq_256", pa.binary(32)),
    pa.field("pdq_quality", pa.int32()),
    pa.field("trimmed_pdq_256", pa.binary(32)),  # PDQ inside the bars; NULL where there are none
    pa.field("trim_box", pa.list_(pa.int32())),  # left, top, right, bottom of what is inside them
    pa.field("glance_64", pa.binary()),  # 64 x 64 luma samples, see fingerprint.picture
    pa.field("trimmed_glance_64", pa.binary()),  # the same inside the bars
    pa.field("local_features", pa.binary()),  # corners and what is round them, see fingerprint.local
    pa.field("original_media_type", pa.string()),
    pa.field("original_bit_depth", pa.int32()),
    pa.field("original_color_space", pa.string()),
    pa.field("rendition", pa.string(), nullable=False),  # "original" (bytes passed through) or how it was made
    pa.field("text", pa.string()),  # a caption, in a release that was given captions; a build knows none
]

_FRAMES = [
    _IMAGE_COLUMN,
    *CORE,
    *_PICTURE,
    pa.field("track", pa.int32()),
    pa.field("time_numerator", pa.int64()),  # presentation time in seconds, a rational
    pa.field("time_denominator", pa.int64()),
    pa.field("time_seconds", pa.float64()),
    pa.field("frame", pa.int64()),
    pa.field("timecode", pa.string()),  # SMPTE ST 12-1; ';' before the frames when drop-frame
    pa.field("timecode_rate", pa.string()),  # "24000/1001"
    pa.field("timecode_drop", pa.bool_()),
    pa.field("shot", pa.int32()),
    pa.field("key_frame", pa.bool_()),
    pa.field("codec", pa.string()),
    pa.field("frame_rate", pa.string()),
    pa.field("rotation", pa.int32()),  # degrees clockwise, already applied
    pa.field("pixel_aspect", pa.string()),  # "64/45", already applied
    pa.field("color_primaries", pa.string()),
    pa.field("color_transfer", pa.string()),
    pa.field("color_matrix", pa.string()),
    pa.field("color_range", pa.string()),
    pa.field("hdr", pa.string()),
    pa.field("trail_16", pa.binary()),  # small views of what was decoded since the frame before, see fingerprint.trail
    *RIGHTS,
]

_ART = [
    _IMAGE_COLUMN,
    *CORE,
    *_PICTURE,
    pa.field("page", pa.int32()),
    pa.field("pages", pa.int32()),
    pa.field("layers", pa.int32()),
    pa.field("icc_profile", pa.string()),
    pa.field("orientation", pa.int32()),  # EXIF value found; already applied to pixel digests and fingerprints
    *RIGHTS,
]

_ELEMENT = pa.struct([("type", pa.string()), ("text", pa.string()), ("character", pa.string()), ("dual", pa.bool_())])

_SCRIPTS = [
    pa.field("text", pa.string(), nullable=False),
    *CORE,
    pa.field("part", pa.string(), nullable=False),  # "scene" or "full"
    pa.field("title", pa.string()),
    pa.field("scene", pa.int32()),  # from 1, in order
    pa.field("scene_number", pa.string()),  # as printed
    pa.field("heading", pa.string()),
    pa.field("interior", pa.string()),  # "INT", "EXT", "INT/EXT"
    pa.field("place", pa.string()),
    pa.field("time_of_day", pa.string()),
    pa.field("page_start", pa.int32()),
    pa.field("page_end", pa.int32()),
    pa.field("characters", pa.list_(pa.string()), nullable=False),
    pa.field("elements", pa.list_(_ELEMENT), nullable=False),
    pa.field("language_script", pa.string()),  # ISO 15924 of most letters: Latn, Cyrl, ...
    pa.field("text_sha256", pa.string(), nullable=False),  # of the normalised text, see fingerprint.text
    pa.field("minhash_128", pa.binary()),  # 128 little-endian uint32 of word-3-shingles, see fingerprint.text
    *RIGHTS,
]

PAYLOAD = {Kind.FRAMES: pa.schema(_FRAMES), Kind.ART: pa.schema(_ART), Kind.SCRIPTS: pa.schema(_SCRIPTS)}

# item -> shard, row, place of the payload, and what rights and duplicates need. One row per shard row, in shard order.
INDEX = pa.schema(
    [
        pa.field("item_id", pa.binary(32), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("shard", pa.int32(), nullable=False),  # position in the version's list of shards
        pa.field("row", pa.int32(), nullable=False),
        pa.field("offset", pa.int64(), nullable=False),  # of the payload in the shard file
        pa.field("length", pa.int64(), nullable=False),
        pa.field("payload_sha256", pa.binary(32), nullable=False),
        pa.field("asset", pa.int32(), nullable=False),  # row in the assets table
        pa.field("time_numerator", pa.int64()),
        pa.field("time_denominator", pa.int64()),
        pa.field("frame", pa.int64()),
        pa.field("page", pa.int32()),
        pa.field("scene", pa.int32()),
        pa.field("rights_id", pa.int32(), nullable=False),  # items with equal rights evidence share one
        pa.field("content_sha256", pa.binary(32), nullable=False),  # decoded pixels, or normalised text
        pa.field("phash_64", pa.uint64()),
        pa.field(
            "quality", pa.int64(), nullable=False
        ),  # pixels inside the bars, or characters: the better copy has more
        pa.field("near_blank", pa.bool_()),  # drawings: too little in it for its twins to be found
        pa.field("exact_group", pa.int64(), nullable=False),  # first index row with the same content_sha256
        pa.field(
            "near_group", pa.int64(), nullable=False
        ),  # first index row of all that is related to it, see building.neargroups
        pa.field("copy_group", pa.int64(), nullable=False),  # of those, what may stand for it in training
    ]
)

_FILE = pa.struct([("path", pa.binary()), ("sha256", pa.string()), ("bytes", pa.int64()), ("number", pa.int64())])

_ASSET = [
    pa.field("asset", pa.string(), nullable=False),
    pa.field("asset_path", pa.binary(), nullable=False),
    pa.field("type", pa.string(), nullable=False),  # "file", "sequence" or "member"
    pa.field("sha256", pa.string()),  # of the file; of the members' digests for a sequence
    pa.field("bytes", pa.int64(), nullable=False),
    pa.field("files", pa.list_(_FILE), nullable=False),
    pa.field("media_type", pa.string()),
    pa.field("extractor", pa.string()),
    pa.field("note", pa.string()),
    pa.field("missing_frames", pa.list_(pa.int64()), nullable=False),
    pa.field("custody", pa.string()),  # "ascmhl:<list>: verified", "bagit:<list>: verified"
    pa.field("sidecars", pa.list_(pa.string()), nullable=False),
    pa.field("signals", pa.string(), nullable=False),  # JSON list of in-file and sidecar signals, verbatim
    pa.field("unit", pa.string(), nullable=False),  # key of the unit of work that read it
]

ASSETS = pa.schema(
    [
        *_ASSET,
        pa.field("outcome", pa.string(), nullable=False),  # "items" or "context"
        pa.field("items", pa.int64(), nullable=False),
        pa.field("extract", pa.string(), nullable=False),  # JSON of how many of each kind
    ]
)

QUARANTINE = pa.schema(
    [*_ASSET, pa.field("cause", pa.string(), nullable=False), pa.field("message", pa.string(), nullable=False)]
)

# Only in a release that was given captions. A caption is derived: whatever it was taken from must be cleared too.
CAPTIONS = pa.schema(
    [
        pa.field("row", pa.int64(), nullable=False),  # of the captioned picture in the index; rising
        pa.field("text", pa.string(), nullable=False),
        pa.field("script", pa.int64()),  # index row of the item that the text was taken from
        pa.field("asset", pa.int32()),  # row in the assets table of the file that it was taken from
    ]
)


def huggingface_metadata(schema: pa.Schema) -> bytes:
    """Return the `huggingface` value for a payload schema's metadata, so that pictures decode by themselves.

    Only the picture is named: `datasets` takes every other column from Arrow's own types, in whichever version.
    """
    features = {"image": {"_type": "Image"}} if "image" in schema.names else {}
    return json.dumps({"info": {"features": features}}).encode()
