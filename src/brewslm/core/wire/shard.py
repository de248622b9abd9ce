"""The layout of a tokenised split: flat little-endian files, made to be memory-mapped.

`tokens.u32` holds the token ids of all examples one after the other; `mask.u8` holds for each token 1 where the loss
is taken over predicting it, else 0; `offsets.u64` holds n + 1 positions, example i being tokens
`offsets[i]:offsets[i + 1]`. `bytes.u32` holds for each example the UTF-8 bytes that its trained tokens spell.
`examples.parquet` holds the examples themselves, in the same order.

Of preferences these files hold the conversation with the better answer, and the folder `rejected` holds the four flat
files once more, with the worse answer, in the same order. Of feedback `labels.u8` holds for each example 1 for good and
0 for bad.
"""

TOKENS_FILE = "tokens.u32"
MASK_FILE = "mask.u8"
OFFSETS_FILE = "offsets.u64"
BYTES_FILE = "bytes.u32"
LABELS_FILE = "labels.u8"
EXAMPLES_FILE = "examples.parquet"
REJECTED_FOLDER = "rejected"

TOKENS_DTYPE = "<u4"
MASK_DTYPE = "u1"
OFFSETS_DTYPE = "<u8"
BYTES_DTYPE = "<u4"
LABELS_DTYPE = "u1"

ROW_MULTIPLE = 256
"""The worker fills rows up to a multiple of this many tokens, as an example of its own without labels.

CPU kernels are made and kept for each length that they meet. Over 31 steps of about 2,300 tokens on the bundled model
in bfloat16, filling took the peak memory from 1.98 to 1.67 GB and the processor time down by 4 %.
"""
PADDING_ID = 0
"""The token of which the filling is made."""
