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

  it("waits for a result that it leaves out", () => {
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
