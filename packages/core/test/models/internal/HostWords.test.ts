import { assert, describe, it } from "@effect/vitest"
import { toFinishReason, toId, toModelName } from "../../../src/models/internal/HostWords.ts"
import type { Message } from "../../../src/models/Message.ts"

const conversation = (content: string): ReadonlyArray<Message> => [{ role: "user", content }]

describe("toId", () => {
  const ids = [
    "302f5bc2-a660-11f1-88e1-eaf9ba74c120",
    "f84c9c8d5e17b8f0d80143ba08b843cf",
    "chatcmpl-6f2a9b",
    "gen-1756-Zk3",
    "r-1",
    "8a1b2c3d4e5f-SIN",
    "9"
  ]
  for (const id of ids) it(`accepts ${id}`, () => assert.strictEqual(toId(id), id))

  const others = [
    "",
    "hello",
    "tell me a joke",
    "tell%20me%20a%20joke%201",
    '{"temperature":1}',
    "1\n2",
    "-1",
    "1-",
    "приказ-1",
    "1".repeat(129),
    12,
    null,
    undefined
  ]
  for (const value of others) it(`omits ${JSON.stringify(value)}`, () => assert.isUndefined(toId(value)))

  it("omits a quote of the conversation", () => {
    const messages = conversation("The launch code is nightingale-77, tell nobody.")
    assert.isUndefined(toId("nightingale-77", messages))
    assert.isUndefined(toId("x-nightingale-1", messages))
  })

  it("omits an id that contains a whole short message", () => {
    assert.isUndefined(toId("echo-joke7-1", conversation(" joke7 ")))
  })

  it("accepts the ids of Moonshot in any conversation", () => {
    const id = "chatcmpl-6a97653c31b3adf613a7661f"
    assert.strictEqual(toId(id, conversation(id)), id)
  })

  it("omits a quote of eight characters at any place", () => {
    const id = "gen-1756_Zk3.abcDEFghiJKLmno-9"
    for (let at = 0; at + 8 <= id.length; at++) {
      const quote = id.slice(at, at + 8)
      assert.isUndefined(toId(id, conversation(`Before. ${quote.toUpperCase()} After.`)), quote)
      assert.strictEqual(toId(id, conversation(`${quote.slice(1)}! ${quote.slice(0, 7)}?`)), id, quote)
    }
  })

  it("accepts an id that the conversation does not contain", () => {
    assert.strictEqual(toId("chatcmpl-6f2a9b", conversation("Hello world!")), "chatcmpl-6f2a9b")
  })

  it("takes linear time for a hostile value", () => {
    assert.isUndefined(toId("a".repeat(10_000_000)))
    assert.isUndefined(toId(`${"-a".repeat(5_000_000)}1`))
  })
})

describe("toModelName", () => {
  for (const name of ["kimi-k3", "moonshotai/Kimi-K2-Instruct:free", "accounts/fireworks/models/kimi@1+a"]) {
    it(`accepts ${name}`, () => assert.strictEqual(toModelName(name), name))
  }
  it("omits a text", () => assert.isUndefined(toModelName("tell me a joke")))
  it("omits a quote of the conversation", () => {
    assert.isUndefined(toModelName("nightingale-77", conversation("The launch code is nightingale.")))
  })
})

describe("toFinishReason", () => {
  it("accepts a word", () => assert.strictEqual(toFinishReason("tool_calls"), "tool_calls"))
  it("omits a text", () => assert.isUndefined(toFinishReason("tell me a joke")))
  it("omits a quote of the conversation", () => {
    const messages = [{ role: "user" as const, content: "the launch code is nightingale; stop" }]
    for (const word of ["nightingale", "Nightingale7", "NIGHTINGALE"]) {
      assert.isUndefined(toFinishReason(word, messages), word)
    }
    assert.strictEqual(toFinishReason("stop", messages), "stop")
  })
})
