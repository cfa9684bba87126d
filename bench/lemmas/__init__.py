"""`python -m bench.lemmas`: whether lemmas in the search index find more, by the queries of tests/search/.

simplemma (MIT) lives in an environment of its own, pinned with hashes in `bench/lemmas/`. Its lemmas go through the
seam of the indexing, `words_of`: the index gets each word's lemma beside it, and a typed word is looked for by its own.
"""
