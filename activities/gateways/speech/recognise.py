"""Tells what is said in 16 kHz mono 16-bit sound on standard input: a line of JSON for each stretch.

The package `pocketsphinx`, with its model, is in the folder that the first argument names. The last
line says that the end was reached, so that an end halfway through is seen.
"""

import io
import json
import sys

sys.path.insert(0, sys.argv[1])

from pocketsphinx import Decoder, Segmenter  # noqa: E402

SAMPLE_RATE = 16000
BYTES_PER_SECOND = 2 * SAMPLE_RATE


def tell(line):
    print(json.dumps(line), flush=True)


def recognise(sound):
    decoder = Decoder(samprate=SAMPLE_RATE, loglevel="FATAL")
    # What is still being said at the end only ends with the silence after it.
    stream = io.BytesIO(sound + bytes(BYTES_PER_SECOND))
    for stretch in Segmenter(sample_rate=SAMPLE_RATE).segment(stream):
        decoder.start_utt()
        decoder.process_raw(stretch.pcm, full_utt=True)
        decoder.end_utt()
        heard = decoder.hyp()
        if heard is not None and heard.hypstr.strip():
            tell({"start": stretch.start_time, "end": stretch.end_time, "text": heard.hypstr})
    tell({"done": True})


recognise(sys.stdin.buffer.read())
