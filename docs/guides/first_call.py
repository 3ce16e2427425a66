"""The first call: a picture to ids and back. See README.md."""

import grpc
from madit.v1 import service_pb2, service_pb2_grpc

server = service_pb2_grpc.VisualTokenServiceStub(grpc.insecure_channel("localhost:8500"))

# A language model would give the ids; here the model's own tokenizer does.
with open("demo/pictures/tree.png", "rb") as file:
    tokens = server.Tokenize(service_pb2.TokenizeRequest(image={"encoded": file.read()}))

answer = server.Detokenize(service_pb2.DetokenizeRequest(visual=tokens.visual, sampling={"seed": 7}))
with open("tree.png", "wb") as file:
    file.write(answer.output.data)
print("tree.png,", answer.report.rounds, "rounds in", answer.report.timings.rounds.ToTimedelta())
