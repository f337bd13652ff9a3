"""Chats: from messages to the text, and to the ids, that a model was tuned on, by the template of its checkpoint."""

from llmbook.checkpoint.chat.encoding import encode_chat
from llmbook.checkpoint.chat.loading import load_chat_template
from llmbook.checkpoint.chat.template import ChatTemplate

__all__ = ["ChatTemplate", "encode_chat", "load_chat_template"]
