import { assert, describe, it } from "@effect/vitest"
import * as ErrorReply from "../src/ErrorReply.ts"

describe("ErrorReply", () => {
  it("formats errors as Kimi does", () => {
    const reply = ErrorReply.make(429, "a_type", "slow", { "retry-after": "3" })
    assert.deepStrictEqual(reply.body, { error: { message: "slow", type: "a_type" } })
    assert.deepStrictEqual([reply.status, reply.headers["retry-after"]], [429, "3"])
  })

  it("omits the type when there is none", () => {
    assert.deepStrictEqual(ErrorReply.make(413, undefined, "big").body, { error: { message: "big" } })
  })

  it("has a reply for every error response", () => {
    assert.strictEqual(ErrorReply.names.length, Object.keys(ErrorReply.table).length)
    assert.isAbove(ErrorReply.names.length, 50)
    for (const name of ErrorReply.names) assert.isAtLeast(ErrorReply.table[name].status, 400, name)
  })

  it("has the page of a proxy as text", () => {
    const { gatewayTimeout } = ErrorReply.table
    assert.strictEqual(gatewayTimeout._tag, "Text")
    assert.strictEqual(gatewayTimeout.headers["content-type"], "text/html")
    assert.include(gatewayTimeout.body, "<h1>504 Gateway Time-out</h1>")
  })

  it("has an empty body as text", () => {
    assert.strictEqual(ErrorReply.table.serverUnavailableEmpty.body, "")
  })
})
