"""Writes an input-data file for perf_analyzer: its own random ids would lie beyond the codebook.

python input_data.py --tokens 256 --codebook 8192 > input-data.json
"""

import argparse
import json
import random


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokens", type=int, default=256, help="ids of a picture")
    parser.add_argument("--codebook", type=int, default=8192, help="ids are below this")
    parser.add_argument("--pictures", type=int, default=4, help="requests go round these")
    given = parser.parse_args()
    ids = random.Random(1)
    pictures = [
        {"TOKEN_IDS": [ids.randrange(given.codebook) for _ in range(given.tokens)], "SEED": [seed]}
        for seed in range(given.pictures)
    ]
    print(json.dumps({"data": pictures}))


if __name__ == "__main__":
    main()
