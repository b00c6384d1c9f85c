import type { ChatRequest } from "@kimi-effect/core/ChatRequest"
import type { ChatResponse } from "@kimi-effect/core/ChatResponse"
import * as Message from "@kimi-effect/core/Message"
import type { ToolCall } from "@kimi-effect/core/Tool"
import type * as Effect from "effect/Effect"
import { describe, expect, test } from "tstyche"
import * as Conversation from "../src/agent/Conversation.ts"

declare const response: ChatResponse
declare const call: ToolCall
declare const anyState: Conversation.Conversation

const empty = Conversation.make()
const asked = empty.pipe(Conversation.user("Hi"))
const calling = asked.pipe(Conversation.calls({ reasoning_content: "hm", tool_calls: [call] }))
const continuing = asked.pipe(Conversation.partial("{"))

describe("a missing tool result", () => {
  test("does not become a request", () => {
    expect(Conversation.request()).type.not.toBeCallableWith(calling)
    expect(calling.pipe).type.not.toBeCallableWith(Conversation.request())
    expect(Conversation.request()).type.toBeCallableWith(calling.pipe(Conversation.results(() => "18 degrees")))
  })

  test("is followed by nothing but results", () => {
    expect(Conversation.user("What about Rome?")).type.not.toBeCallableWith(calling)
    expect(Conversation.assistant("Sunny")).type.not.toBeCallableWith(calling)
    expect(Conversation.system("Be brief.")).type.not.toBeCallableWith(calling)
    expect(Conversation.add(response)).type.not.toBeCallableWith(calling)
  })

  test("may be missing in a conversation of any state", () => {
    expect(Conversation.request()).type.not.toBeCallableWith(anyState)
    if (anyState.state === "ready") {
      expect(anyState).type.toBe<Conversation.Ready>()
    }
  })

  test("is found after a response was added", () => {
    const added = asked.pipe(Conversation.add(response))
    expect(added).type.toBe<Conversation.Ready | Conversation.Calling>()
    expect(Conversation.request()).type.not.toBeCallableWith(added)
  })
})

describe("missing reasoning", () => {
  test("does not compile with calls", () => {
    expect(Conversation.calls).type.not.toBeCallableWith({ tool_calls: [call] })
    expect(Conversation.calls).type.toBeCallableWith({ tool_calls: [call], reasoning_content: "" })
  })

  test("does not compile as undefined", () => {
    expect(Conversation.calls).type.not.toBeCallableWith({ tool_calls: [call], reasoning_content: undefined })
  })
})

describe("two partial messages", () => {
  test("do not compile", () => {
    expect(Conversation.partial("}")).type.not.toBeCallableWith(continuing)
  })

  test("are not possible through another message", () => {
    expect(Conversation.user("Go on")).type.not.toBeCallableWith(continuing)
    expect(Conversation.assistant("}")).type.not.toBeCallableWith(continuing)
  })

  test("become one message with the response", () => {
    expect(Conversation.request()).type.toBeCallableWith(continuing)
    expect(Conversation.add(response)).type.toBeCallableWith(continuing)
  })
})

describe("an empty conversation", () => {
  test("does not become a request", () => {
    expect(Conversation.request()).type.not.toBeCallableWith(empty)
    expect(Conversation.request()).type.not.toBeCallableWith(empty.pipe(Conversation.system("Be brief.")))
  })
})

describe("a call without calls", () => {
  test("does not compile", () => {
    expect(Conversation.calls).type.not.toBeCallableWith({ tool_calls: [], reasoning_content: "" })
  })
})

describe("a conversation", () => {
  test("is not an object that has its members", () => {
    expect({
      state: "ready" as const,
      messages: [],
      cacheKey: undefined,
      pipe: asked.pipe
    }).type.not.toBeAssignableTo<Conversation.Ready>()
  })

  test("gives a request with typed errors", () => {
    expect(asked.pipe(Conversation.request())).type.toBe<Effect.Effect<ChatRequest, Conversation.RequestProblem>>()
  })

  test("keeps its state when it is trimmed", () => {
    expect(calling.pipe(Conversation.trim({ maxTokens: 1_000 }))).type.toBeAssignableTo<
      Effect.Effect<Conversation.Trimmed<Conversation.Calling>, unknown>
    >()
  })

  test("is never without results after a repair", () => {
    expect(anyState.pipe(Conversation.repair()).conversation).type.toBe<
      Conversation.Empty | Conversation.Ready | Conversation.Continuing
    >()
  })
})

describe("a message", () => {
  test("has the named type of its role", () => {
    expect(Message.system("x")).type.toBe<Message.SystemMessage>()
    expect(Message.user("x")).type.toBe<Message.UserMessage>()
    expect(Message.assistant("x")).type.toBe<Message.AssistantMessage>()
    expect(Message.tool(call, "x")).type.toBe<Message.ToolMessage>()
  })

  test("is one of the four in a request", () => {
    expect<ChatRequest["messages"][number]>().type.toBe<
      Message.SystemMessage | Message.UserMessage | Message.AssistantMessage | Message.ToolMessage
    >()
    expect(response.message).type.toBeAssignableTo<Message.Message>()
  })

  test("takes content that its role has", () => {
    const image = { type: "image_url", image_url: "ms://1" } as const
    expect(Message.user).type.toBeCallableWith([image])
    expect(Message.system).type.not.toBeCallableWith([image])
    expect(Message.assistant).type.not.toBeCallableWith([image])
  })
})
