"""What `make bench` runs: the product's speed and memory, measured on a real Dovecot and on full stores.

``BENCH_SMALL=1`` tries everything in a minute on a tenth of the data; its figures mean little.
"""
