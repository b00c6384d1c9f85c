import { assert, describe, it } from "@effect/vitest"
import type { Message } from "@kimi-effect/core/Message"
import { Effect } from "effect"
import { Prompt } from "effect/ai"
import * as Conversation from "../../src/agent/Conversation.ts"
import * as History from "../../src/agent/History.ts"

const question = { role: "user", content: "Weather in Oslo?" } as const
const call = { id: "c_1", type: "function", function: { name: "weather", arguments: '{"city":"Oslo"}' } }
const caller: Message = { role: "assistant", content: "", tool_calls: [call] }
const result: Message = { role: "tool", tool_call_id: "c_1", content: "3 degrees" }
const answer: Message = { role: "assistant", content: "It is cold." }
const conversation: ReadonlyArray<Message> = [question, caller, result, answer]
const withReasoning = conversation.map((message) =>
  message === caller ? { ...caller, reasoning_content: "hm" } : message
)

/** The same conversation as each client exports it, and as it is read. */
const forms: Record<string, readonly [history: unknown, expected: ReadonlyArray<Message>]> = {
  "Kimi's own": [withReasoning, withReasoning],
  "OpenAI with nulls": [
    {
      model: "gpt-x",
      messages: [
        question,
        { ...caller, content: null, function_call: null, refusal: null, audio: null },
        result,
        { ...answer, tool_calls: null }
      ]
    },
    conversation
  ],
  "arguments as an object": [
    [
      question,
      { ...caller, tool_calls: [{ ...call, function: { name: "weather", arguments: { city: "Oslo" } } }] },
      result,
      { ...answer, tool_calls: [] }
    ],
    conversation
  ],
  "content as parts": [
    [
      { role: "user", content: [{ type: "input_text", text: "Weather in Oslo?" }] },
      { ...caller, content: [] },
      { ...result, content: [{ type: "text", text: "3 degrees" }] },
      {
        role: "assistant",
        content: [
          { type: "output_text", text: "It is " },
          { type: "output_text", text: "cold." }
        ]
      }
    ],
    conversation
  ],
  "the older function_call": [
    [
      question,
      { role: "assistant", content: null, function_call: call.function },
      { role: "function", name: "weather", content: "3 degrees" },
      answer
    ],
    [
      question,
      { ...caller, tool_calls: [{ ...call, id: "call_0" }] },
      { ...result, tool_call_id: "call_0" } as Message,
      answer
    ]
  ],
  "the AI SDK for models": [
    [
      question,
      {
        role: "assistant",
        content: [
          { type: "reasoning", text: "hm" },
          { type: "tool-call", toolCallId: "c_1", toolName: "weather", input: { city: "Oslo" } }
        ]
      },
      {
        role: "tool",
        content: [
          { type: "tool-result", toolCallId: "c_1", toolName: "weather", output: { type: "text", value: "3 degrees" } }
        ]
      },
      { role: "assistant", content: [{ type: "text", text: "It is cold." }] }
    ],
    withReasoning
  ],
  "the AI SDK for user interfaces": [
    [
      { id: "1", role: "user", parts: [{ type: "text", text: "Weather in Oslo?" }] },
      {
        id: "2",
        role: "assistant",
        parts: [
          { type: "step-start" },
          { type: "reasoning", text: "hm" },
          {
            type: "tool-weather",
            toolCallId: "c_1",
            state: "output-available",
            input: { city: "Oslo" },
            output: "3 degrees"
          },
          { type: "step-start" },
          { type: "text", text: "It is cold." }
        ]
      }
    ],
    withReasoning
  ],
  "LangChain, flat": [
    [
      { type: "human", content: "Weather in Oslo?" },
      {
        type: "ai",
        content: "",
        tool_calls: [{ id: "c_1", name: "weather", args: { city: "Oslo" }, type: "tool_call" }],
        invalid_tool_calls: [],
        additional_kwargs: {}
      },
      { type: "tool", tool_call_id: "c_1", name: "weather", content: "3 degrees" },
      { type: "ai", content: "It is cold.", tool_calls: [] }
    ],
    conversation
  ],
  "LangChain, stored": [
    [
      { type: "human", data: { content: "Weather in Oslo?", role: "x" } },
      { type: "ai", data: { content: "", additional_kwargs: { tool_calls: [call], reasoning_content: "hm" } } },
      { type: "tool", data: { content: "3 degrees", tool_call_id: "c_1" } },
      { type: "ai", data: { content: "It is cold." } }
    ],
    withReasoning
  ],
  "LangChain, serialized": [
    [
      ["HumanMessage", { content: "Weather in Oslo?" }] as const,
      [
        "AIMessageChunk",
        {
          content: [{ type: "tool_use", id: "c_1", name: "weather", input: { city: "Oslo" } }],
          tool_calls: [{ id: "c_1", name: "weather", args: { city: "Oslo" } }]
        }
      ] as const,
      ["ToolMessage", { content: "3 degrees", tool_call_id: "c_1" }] as const,
      ["AIMessage", { content: "It is cold." }] as const
    ].map(([name, kwargs]) => ({ lc: 1, type: "constructor", id: ["langchain_core", "messages", name], kwargs })),
    conversation
  ],
  Anthropic: [
    [
      question,
      {
        role: "assistant",
        content: [
          { type: "thinking", thinking: "hm", signature: "s" },
          { type: "tool_use", id: "c_1", name: "weather", input: { city: "Oslo" } }
        ]
      },
      { role: "user", content: [{ type: "tool_result", tool_use_id: "c_1", content: "3 degrees" }] },
      answer
    ],
    withReasoning
  ],
  "a prompt of Effect": [
    JSON.parse(
      JSON.stringify(
        Prompt.make([
          { role: "user", content: [{ type: "text", text: "Weather in Oslo?" }] },
          {
            role: "assistant",
            content: [
              { type: "reasoning", text: "hm" },
              { type: "tool-call", id: "c_1", name: "weather", params: { city: "Oslo" }, providerExecuted: false }
            ]
          },
          {
            role: "tool",
            content: [{ type: "tool-result", id: "c_1", name: "weather", result: "3 degrees", isFailure: false }]
          },
          { role: "assistant", content: [{ type: "text", text: "It is cold." }] }
        ])
      )
    ),
    withReasoning
  ]
}

describe("read", () => {
  it.effect.each(Object.entries(forms))("reads %s", ([, [history, expected]]) =>
    Effect.gen(function* () {
      const { ignored, messages } = yield* History.read(history)
      assert.deepStrictEqual(messages, expected)
      assert.deepStrictEqual(ignored, [])
      assert.strictEqual((yield* Conversation.fromMessages(messages)).state, "ready")
    })
  )
})
