import { assert, describe, it } from "@effect/vitest"
import * as Message from "@kimi-effect/core/Message"
import { Effect } from "effect"
import * as Conversation from "../../src/agent/Conversation.ts"
import { callOf, responseOf } from "./support/conversations.ts"

const asked = Conversation.make({ system: "Be brief." }).pipe(Conversation.user("Hi"))
const [a, b] = [callOf("f_0"), callOf("f_1")]
const calling = asked.pipe(Conversation.calls({ reasoning_content: "hm", tool_calls: [a, b] }))
const failureOf = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.flip(effect)

describe("make", () => {
  it("starts without messages", () => {
    assert.deepInclude(Conversation.make(), { state: "empty", messages: [] })
  })

  it("starts with instructions", () => {
    const { messages, state } = Conversation.make({ system: "Be brief." })
    assert.deepStrictEqual({ messages, state }, { messages: [Message.system("Be brief.")], state: "empty" })
  })
})

describe("user", () => {
  it("makes a conversation ready", () => {
    assert.deepStrictEqual(asked.messages, [Message.system("Be brief."), Message.user("Hi")])
    assert.strictEqual(asked.state, "ready")
  })

  it("leaves the earlier conversation as it was", () => {
    const { length } = asked.messages
    asked.pipe(Conversation.user("One"))
    asked.pipe(Conversation.user("Two"))
    assert.strictEqual(asked.messages.length, length)
  })
})

describe("system", () => {
  it("keeps the state", () => {
    assert.strictEqual(Conversation.make().pipe(Conversation.system("x")).state, "empty")
    assert.strictEqual(asked.pipe(Conversation.system("x")).state, "ready")
  })
})

describe("loadTools", () => {
  it("appends a message with tools alone", () => {
    const tools = [{ type: "function", function: { name: "f" } }] as const
    assert.deepStrictEqual(asked.pipe(Conversation.loadTools(tools)).messages.at(-1), { role: "system", tools })
  })
})

describe("add", () => {
  it("appends the message of a response unchanged", () => {
    const response = responseOf({ content: "Hello", reasoning_content: "greet" })
    const { messages, state } = asked.pipe(Conversation.add(response))
    assert.strictEqual(messages.at(-1), response.message)
    assert.strictEqual(state, "ready")
  })

  it("waits for the results of calls", () => {
    const next = asked.pipe(Conversation.add(responseOf({ tool_calls: [a, b], reasoning_content: "hm" })))
    assert.strictEqual(next.state, "calling")
    assert.deepStrictEqual(next.state === "calling" ? next.calls : [], [a, b])
  })

  it("joins a response to the partial message", () => {
    const begun = asked.pipe(Conversation.partial("{", { name: "Ada", reasoning_content: "one" }))
    const { messages } = begun.pipe(Conversation.add(responseOf({ content: "}", reasoning_content: " two" })))
    assert.deepStrictEqual(messages.slice(2), [
      { role: "assistant", name: "Ada", content: "{}", reasoning_content: "one two" }
    ])
  })

  it("adds no reasoning to a partial message when there is none", () => {
    const { messages } = asked.pipe(Conversation.partial("{"), Conversation.add(responseOf({ content: "}" })))
    assert.deepStrictEqual(messages.at(-1), { role: "assistant", content: "{}" })
  })
})

describe("addTruncated", () => {
  it("makes the response the partial message", () => {
    const next = asked.pipe(Conversation.addTruncated(responseOf({ content: "Once", tool_calls: [a] })))
    assert.strictEqual(next.state, "continuing")
    assert.deepStrictEqual(next.messages.at(-1), { role: "assistant", content: "Once", partial: true })
  })

  it("extends the partial message of the request", () => {
    const begun = asked.pipe(Conversation.partial("Once "))
    const next = begun.pipe(Conversation.addTruncated(responseOf({ content: "upon" })))
    assert.deepStrictEqual(next.messages.slice(2), [{ role: "assistant", content: "Once upon", partial: true }])
  })
})

describe("results", () => {
  it("appends a result for every call in order", () => {
    const { messages, state } = calling.pipe(Conversation.results(({ id }) => `result of ${id}`))
    assert.deepStrictEqual(messages.slice(-2), [
      Message.tool("f_0", "result of f_0"),
      Message.tool("f_1", "result of f_1")
    ])
    assert.strictEqual(state, "ready")
  })
})

describe("resultsEffect", () => {
  it.effect("appends the results in the order of the calls", () =>
    Effect.gen(function* () {
      const { messages } = yield* calling.pipe(
        Conversation.resultsEffect(({ id }) => Effect.succeed(id), { concurrency: 2 })
      )
      assert.deepStrictEqual(messages.slice(-2), [Message.tool(a, "f_0"), Message.tool(b, "f_1")])
    })
  )

  it.effect("fails as the tool fails", () =>
    Effect.gen(function* () {
      const failed = yield* failureOf(calling.pipe(Conversation.resultsEffect(() => Effect.fail("no" as const))))
      assert.strictEqual(failed, "no")
    })
  )
})

describe("result", () => {
  it.effect("is ready when the last call has its result", () =>
    Effect.gen(function* () {
      const half = yield* calling.pipe(Conversation.result("f_1", "x"))
      assert.deepStrictEqual(half.state === "calling" ? half.calls : [], [a])
      const whole = half.state === "calling" ? yield* half.pipe(Conversation.result("f_0", "y")) : half
      assert.strictEqual(whole.state, "ready")
    })
  )

  it.effect("fails for the id of no unanswered call", () =>
    Effect.gen(function* () {
      const error = yield* failureOf(calling.pipe(Conversation.result("f_2", "x")))
      assert.strictEqual(error._tag, "ToolHistoryError")
    })
  )
})

describe("fork", () => {
  it("returns the first messages under another cache key", () => {
    const { cacheKey, messages, state } = calling.pipe(Conversation.fork({ length: 2, cacheKey: "b" }))
    assert.deepStrictEqual({ cacheKey, messages, state }, { cacheKey: "b", messages: asked.messages, state: "ready" })
  })

  it("waits for results between a call and its result", () => {
    const answered = calling.pipe(Conversation.results(() => "x"))
    const cut = answered.pipe(Conversation.fork({ length: answered.messages.length - 1 }))
    assert.deepStrictEqual(cut.state === "calling" ? cut.calls : [], [b])
  })
})

describe("fromMessages", () => {
  const tagOf = (...messages: ReadonlyArray<Message.Message>) =>
    Conversation.fromMessages(messages).pipe(
      Effect.match({ onFailure: ({ _tag, parameter }) => `${_tag} ${parameter}`, onSuccess: ({ state }) => state })
    )
  const user = Message.user("Hi")
  const caller = Message.assistant("", { tool_calls: [a], reasoning_content: "hm" })
  const partial = Message.assistant("{", { partial: true })

  it.effect.each([
    [[], "empty"],
    [[Message.system("x")], "empty"],
    [[user], "ready"],
    [[user, Message.assistant("x")], "ready"],
    [[user, caller], "calling"],
    [[user, caller, Message.tool(a, "")], "ready"],
    [[user, partial], "continuing"],
    [[user, caller, user], "ToolHistoryError messages[2]"],
    [[user, Message.tool(a, "")], "ToolHistoryError messages[1]"],
    [[user, Message.assistant("", { tool_calls: [a, a] })], "calling"],
    [[user, Message.assistant("{", { partial: true, tool_calls: [a] })], "ToolHistoryError messages[1]"],
    [[partial, user], "InvalidRequestError messages[0]"]
  ] as const)("finds the state or the problem of history %#", ([messages, expected]) =>
    Effect.map(tagOf(...messages), (found) => {
      assert.strictEqual(found, expected)
    })
  )
})

describe("request", () => {
  it.effect("has the messages, the options, the cache key", () =>
    Effect.gen(function* () {
      const { messages } = asked
      const keyed = asked.pipe(Conversation.fork({ cacheKey: "session-1" }))
      assert.strictEqual(keyed.state, "ready")
      if (keyed.state !== "ready") return
      const request = yield* keyed.pipe(Conversation.request({ model: "kimi-k3", max_completion_tokens: 9 }))
      assert.deepStrictEqual(request, {
        model: "kimi-k3",
        max_completion_tokens: 9,
        prompt_cache_key: "session-1",
        messages
      })
    })
  )

  it.effect("does not copy the messages", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* asked.pipe(Conversation.request())).messages, asked.messages)
    })
  )

  it.effect.each([
    ["", "messages[1]"],
    [[], "messages[1]"],
    [[{ type: "text", text: "" }], "messages[1]"],
    [
      [
        { type: "text", text: "x" },
        { type: "text", text: "" }
      ],
      "messages[1]"
    ]
  ] as const)("fails for content without text: %#", ([content, parameter]) =>
    Effect.gen(function* () {
      const empty = Conversation.make({ system: "x" }).pipe(Conversation.user(content))
      const error = yield* failureOf(empty.pipe(Conversation.request()))
      assert.deepInclude(error, { _tag: "EmptyMessageError", parameter })
    })
  )

  const unreasoned = asked.pipe(Conversation.add(responseOf({ tool_calls: [a] })))
  const answered = unreasoned.state === "calling" ? unreasoned.pipe(Conversation.results(() => "x")) : unreasoned

  it.effect.each([{}, { model: "kimi-k3" }, { model: "kimi-k2.6" }, { model: "unknown" }])(
    "fails when a response with calls was added without its reasoning: %o",
    (options) =>
      Effect.gen(function* () {
        const error = yield* failureOf(answered.pipe(Conversation.request(options)))
        assert.deepInclude(error, { _tag: "MissingReasoningError", parameter: "messages[2]" })
      })
  )

  it.effect.each([
    [{ thinking: { type: "disabled" } }, undefined],
    [{ model: "kimi-k2-0905-preview" }, undefined],
    [{}, false]
  ] as const)("does not require reasoning where the host does not: %#", ([options, requiresReasoning]) =>
    Effect.gen(function* () {
      const request = yield* answered.pipe(Conversation.request(options, { requiresReasoning }))
      assert.strictEqual(request.messages, answered.messages)
    })
  )

  it.effect("fails when two calls of one message have the same id", () =>
    Effect.gen(function* () {
      const twice = asked.pipe(Conversation.calls({ reasoning_content: "hm", tool_calls: [a, a] }))
      const error = yield* failureOf(
        twice.pipe(
          Conversation.results(() => "x"),
          Conversation.request()
        )
      )
      assert.deepInclude(error, { _tag: "ToolHistoryError", parameter: "messages[2]" })
    })
  )

  it.effect("fails for Partial Mode with json_object", () =>
    Effect.gen(function* () {
      const json = Conversation.request({ response_format: { type: "json_object" } })
      const error = yield* failureOf(asked.pipe(Conversation.partial("{"), json))
      assert.deepInclude(error, { _tag: "InvalidRequestError", parameter: "response_format" })
      assert.strictEqual((yield* asked.pipe(json)).messages, asked.messages)
    })
  )

  it.effect("fails without the content of a message in the error", () =>
    Effect.gen(function* () {
      const secret = Conversation.make().pipe(
        Conversation.user([
          { type: "text", text: "secret" },
          { type: "text", text: "" }
        ])
      )
      const error = yield* failureOf(secret.pipe(Conversation.request()))
      assert.notInclude(JSON.stringify(error), "secret")
    })
  )
})

describe("toJson", () => {
  const stored = (conversation: Conversation.Conversation): unknown =>
    JSON.parse(JSON.stringify(Conversation.toJson(conversation)))

  it.effect.each([
    Conversation.make({ system: "x", cacheKey: "k" }),
    asked,
    calling,
    asked.pipe(Conversation.partial("{")),
    calling.pipe(Conversation.results(() => [{ type: "image_url", image_url: "data:image/png;base64,AA==" }]))
  ])("is read back in the same state: %#", (conversation) =>
    Effect.gen(function* () {
      const read = yield* Conversation.fromJson(stored(conversation))
      assert.deepStrictEqual({ ...read }, { ...conversation })
      assert.isTrue(Conversation.isConversation(read))
    })
  )

  it.effect("can be continued after it was read back", () =>
    Effect.gen(function* () {
      const resumed = yield* Conversation.fromJson(stored(calling))
      assert.strictEqual(resumed.state, "calling")
      if (resumed.state !== "calling") return
      const request = yield* resumed.pipe(
        Conversation.results(() => "x"),
        Conversation.request()
      )
      assert.strictEqual(request.messages.length, 5)
    })
  )
})

describe("fromJson", () => {
  it.effect.each([
    [null, undefined],
    [{ version: 2, messages: [] }, "version"],
    [{ version: 1, messages: [{ role: "robot", content: "secret" }] }, "messages[0]"],
    [{ version: 1 }, "messages"]
  ] as const)("fails for another form: %#", ([json, parameter]) =>
    Effect.gen(function* () {
      const error = yield* failureOf(Conversation.fromJson(json))
      assert.strictEqual(error._tag, "InvalidRequestError")
      assert.strictEqual(error.parameter, parameter)
      assert.notInclude(error.message, "secret")
    })
  )

  it.effect("fails for calls whose results were removed", () =>
    Effect.gen(function* () {
      const { messages } = calling
      const error = yield* failureOf(Conversation.fromJson({ version: 1, messages: [...messages, Message.user("x")] }))
      assert.strictEqual(error._tag, "ToolHistoryError")
    })
  )
})
