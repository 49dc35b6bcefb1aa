"""`messages`: all that a program without Concord needs, under the names that chat APIs use."""

from optimizers.artifact import Artifact
from optimizers.export.values import Export, json_file, only_call


def messages(artifact: Artifact) -> Export:
    """Messages, placeholders, how to read the answer, decoding, and the model that was measured.

    Put a row's texts in place of the placeholders in one pass over each message; spread `decoding`
    into the request.
    """
    return json_file(only_call(artifact, "messages").to_plain(), "judge.messages.json")
