import { assert, describe, it } from "@effect/vitest"
import * as Message from "@kimi-effect/core/Message"
import * as Conversation from "../../../../src/agent/Conversation.ts"
import { repair } from "../../../../src/agent/internal/conversation/repair.ts"
import { callOf } from "../../support/conversations.ts"

const user = Message.user("Hi")
const [a, b] = [callOf("f_0"), callOf("f_1")]
const callerOf = (...tool_calls: ReadonlyArray<typeof a>) =>
  Message.assistant("", { tool_calls, reasoning_content: "hm" })
const result = (id: string, content = `result of ${id}`) => Message.tool(id, content)
const notRun = (id: string) => result(id, "This call was not run.")

const repaired = (...history: ReadonlyArray<Message.Message>) => {
  const { changes, conversation } = repair()(history)
  return {
    messages: conversation.messages,
    changes: changes.map(({ index, kind }) => `${index} ${kind}`)
  }
}

describe("repair", () => {
  it("leaves a valid history as it is", () => {
    const history = [
      Message.system("x"),
      user,
      callerOf(a, b),
      result("f_1"),
      result("f_0"),
      callerOf(a),
      result("f_0", ""),
      Message.assistant("{", { partial: true })
    ]
    assert.deepStrictEqual(repaired(...history), { messages: history, changes: [] })
    assert.strictEqual(repair()(history).conversation.state, "continuing")
  })

  it("adds the result of a call that has none", () => {
    assert.deepStrictEqual(repaired(user, callerOf(a, b), result("f_1"), user), {
      messages: [user, callerOf(a, b), result("f_1"), notRun("f_0"), user],
      changes: ["1 added result"]
    })
  })

  it("uses the given text for a missing result", () => {
    const { conversation } = repair({ missingResult: "skipped" })([user, callerOf(a)])
    assert.deepStrictEqual(conversation.messages.at(-1), result("f_0", "skipped"))
  })

  it("moves a result that was stored after the next message", () => {
    assert.deepStrictEqual(repaired(user, callerOf(a), user, Message.assistant("x"), result("f_0")), {
      messages: [user, callerOf(a), result("f_0"), user, Message.assistant("x")],
      changes: ["4 moved result"]
    })
  })

  it("gives results to the latest turn when ids repeat", () => {
    const history = [callerOf(a), user, callerOf(a), result("f_0", "second"), result("f_0", "first")]
    assert.deepStrictEqual(repaired(...history), {
      messages: [callerOf(a), result("f_0", "first"), user, callerOf(a), result("f_0", "second")],
      changes: ["4 moved result"]
    })
  })

  it("removes a result without a call", () => {
    assert.deepStrictEqual(repaired(user, result("f_9")), { messages: [user], changes: ["1 removed result"] })
  })

  it("removes the second result of a call", () => {
    assert.deepStrictEqual(repaired(user, callerOf(a), result("f_0"), result("f_0", "again")), {
      messages: [user, callerOf(a), result("f_0")],
      changes: ["3 removed result"]
    })
  })

  it("renames equal ids of one message", () => {
    const history = [user, callerOf(a, a), result("f_0", "one"), result("f_0", "two")]
    assert.deepStrictEqual(repaired(...history), {
      messages: [user, callerOf(a, callOf("f_0_2")), result("f_0", "one"), result("f_0_2", "two")],
      changes: ["1 renamed call"]
    })
  })

  it("adds empty reasoning to calls without any", () => {
    const bare = Message.assistant("", { tool_calls: [a] })
    assert.deepStrictEqual(repaired(user, bare, result("f_0")), {
      messages: [user, { ...bare, reasoning_content: "" }, result("f_0")],
      changes: ["1 added reasoning"]
    })
    const { changes } = repair({ reasoning: false })([user, bare, result("f_0")])
    assert.deepStrictEqual(changes, [])
  })

  it("removes messages without content", () => {
    assert.deepStrictEqual(repaired(user, Message.assistant("", { reasoning_content: "hm" }), Message.user([]), user), {
      messages: [user, user],
      changes: ["1 removed message", "2 removed message"]
    })
  })

  it("removes text parts without text", () => {
    const image = { type: "image_url", image_url: "ms://1" } as const
    assert.deepStrictEqual(repaired(Message.user([{ type: "text", text: "" }, image])), {
      messages: [Message.user([image])],
      changes: ["0 removed part"]
    })
  })

  it("ends a partial message that is not the last one", () => {
    const partial = Message.assistant("{", { partial: true })
    assert.deepStrictEqual(repaired(user, partial, partial), {
      messages: [user, Message.assistant("{"), partial],
      changes: ["1 ended partial"]
    })
  })

  it("removes an earlier partial message that has reasoning alone", () => {
    const thought = Message.assistant("", { partial: true, reasoning_content: "hm" })
    assert.deepStrictEqual(repaired(user, thought, user), { messages: [user, user], changes: ["1 removed message"] })
    assert.deepStrictEqual(repaired(user, thought), { messages: [user, thought], changes: [] })
  })

  it("ends a partial message with calls", () => {
    assert.deepStrictEqual(repaired(user, { ...callerOf(a), partial: true }), {
      messages: [user, callerOf(a), notRun("f_0")],
      changes: ["1 ended partial", "1 added result"]
    })
  })

  it("is empty when nothing but instructions is left", () => {
    assert.strictEqual(repair()([Message.system("x"), result("f_0")]).conversation.state, "empty")
  })

  it("keeps the cache key of a conversation", () => {
    const calling = Conversation.make({ cacheKey: "k" }).pipe(
      Conversation.user("Hi"),
      Conversation.calls({ reasoning_content: "hm", tool_calls: [a] })
    )
    const { conversation } = calling.pipe(Conversation.repair())
    assert.deepInclude(conversation, { cacheKey: "k", state: "ready" })
    assert.deepStrictEqual(conversation.messages.at(-1), notRun("f_0"))
  })
})
