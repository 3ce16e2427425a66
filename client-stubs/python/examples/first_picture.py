from madit_client import MaditClient

with MaditClient() as client:
    ids = client.tokenize("demo/pictures/tree.png")  # a language model would give the ids
    picture = client.detokenize(ids, seed=7)
    picture.save("tree.png")
    print(picture.width, "x", picture.height, "in", picture.timings["total"])
