"""The semantic conventions for generative AI as data: names of today first, then older ones in use.

Today's are those of the OpenTelemetry registry; of the older ones, `gen_ai.system` and the prompt and
completion tokens were in it, and `llm.*`, `traceloop.*` are what OpenLLMetry wrote before there was one.
"""

from __future__ import annotations

Names = tuple[str, ...]

# A span with any of these attributes is one of generative AI. The conversation and the agent are not
# among them, because applications put them on every span that has to do with one.
PREFIX = "gen_ai."
NOT_TELLING = ("gen_ai.conversation.", "gen_ai.agent.")

OPERATION: Names = ("gen_ai.operation.name", "llm.request.type")
# What a model does for a call, and is no call of its own. Every other operation is one.
STEPS = frozenset(
    {
        "embeddings", "embedding", "retrieval", "rerank", "execute_tool", "create_agent", "plan",
        "create_memory", "create_memory_store", "delete_memory", "delete_memory_store", "search_memory",
        "update_memory", "upsert_memory",
    }
)  # fmt: skip

# What is kept of a call or step, by the name it has in a trace.
FACTS: dict[str, Names] = {
    "operation": OPERATION,
    "provider": ("gen_ai.provider.name", "gen_ai.system"),
    "model": ("gen_ai.response.model", "gen_ai.request.model"),
    "agent": ("gen_ai.agent.name",),
    "tool": ("gen_ai.tool.name",),
    "source": ("gen_ai.data_source.id",),
    "error": ("error.type",),
    "service": ("service.name",),
}
TOKENS: dict[str, Names] = {
    "input_tokens": ("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens"),
    "output_tokens": ("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens"),
}
# What a span of any kind may know, for itself and for those below it.
CONTEXT: dict[str, Names] = {
    "end_user": ("enduser.id", "user.id", "enduser.pseudo.id", "traceloop.association.properties.user_id"),
    "conversation_id": (
        "gen_ai.conversation.id",
        "session.id",
        "traceloop.association.properties.session_id",
        "traceloop.association.properties.chat_id",
    ),
}
# What an interaction is tagged with, of the facts of its call.
TAGS = {
    "gen_ai.provider.name": "provider",
    "gen_ai.agent.name": "agent",
    "service.name": "service",
    "error.type": "error",
}

# What a step was asked, and what it answered.
STEP_INPUT: Names = ("gen_ai.retrieval.query.text", "gen_ai.tool.call.arguments", "gen_ai.memory.query.text")
STEP_OUTPUT: Names = ("gen_ai.tool.call.result",)
STEP_OUTPUTS: Names = ("gen_ai.retrieval.documents", "gen_ai.memory.records")

INPUT_MESSAGES = "gen_ai.input.messages"
OUTPUT_MESSAGES = "gen_ai.output.messages"
SYSTEM_INSTRUCTIONS = "gen_ai.system_instructions"
DETAILS_EVENT = "gen_ai.client.inference.operation.details"
# Before there were messages: one attribute for each field, `gen_ai.prompt.0.content`, or one for all.
PROMPT = "gen_ai.prompt"
COMPLETION = "gen_ai.completion"
PROMPT_EVENT = "gen_ai.content.prompt"
COMPLETION_EVENT = "gen_ai.content.completion"
# One event for each message, its role by its name.
INPUT_EVENTS = {
    "gen_ai.system.message": "system",
    "gen_ai.user.message": "user",
    "gen_ai.assistant.message": "assistant",
    "gen_ai.tool.message": "tool",
}
OUTPUT_EVENTS = {"gen_ai.choice": "assistant"}
# Some clients put the whole message into one attribute of the event, as JSON.
EVENT_CONTENT = "gen_ai.event.content"
