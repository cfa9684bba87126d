"""Reads words, one a line after its language, and writes the lemma of each; then time and memory of loading."""

import resource
import sys
import time

import simplemma

lines = [line.rstrip("\n").split("\t") for line in sys.stdin]
before, begun = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
for language in ("fi", "sv", "en"):
    simplemma.lemmatize("a", lang=language)
loaded = time.perf_counter() - begun
for language, word in lines:
    print(simplemma.lemmatize(word, lang=language))
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(f"{loaded:.1f} s and {(after - before) / 1024:.0f} MB to load", file=sys.stderr)
