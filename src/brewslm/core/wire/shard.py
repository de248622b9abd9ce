"""The layout of a tokenised split: three flat little-endian files, made to be memory-mapped.

`tokens.u32` holds the token ids of all examples one after the other; `mask.u8` holds for each token 1 where the loss
is taken over predicting it, else 0; `offsets.u64` holds n + 1 positions, example i being tokens
`offsets[i]:offsets[i + 1]`. `bytes.u32` holds for each example the UTF-8 bytes that its trained tokens spell.
`examples.parquet` holds the examples themselves, in the same order.
"""

TOKENS_FILE = "tokens.u32"
MASK_FILE = "mask.u8"
OFFSETS_FILE = "offsets.u64"
BYTES_FILE = "bytes.u32"
EXAMPLES_FILE = "examples.parquet"

TOKENS_DTYPE = "<u4"
MASK_DTYPE = "u1"
OFFSETS_DTYPE = "<u8"
BYTES_DTYPE = "<u4"
