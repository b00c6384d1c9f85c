import { user } from "@kimi-effect/core/Message"
import { assert, describe, it } from "@effect/vitest"
import { RecentRequests } from "../../src/handlers/recentRequests.ts"

const requestOf = (text: string | number) => ({ messages: [user(`${text}`)] })

describe("the recent requests", () => {
  it("have one whose members are in another order", () => {
    const recent = new RecentRequests()
    assert.isFalse(recent.has({ model: "a", messages: [{ role: "user", content: "Hello" }] }))
    assert.isTrue(recent.has({ messages: [{ content: "Hello", role: "user" }], model: "a" }))
    assert.isFalse(recent.has({ messages: [{ content: "Hello", role: "user" }], model: "b" }))
  })

  it("are the latest thousand", () => {
    const recent = new RecentRequests()
    recent.has(requestOf("first"))
    for (let i = 0; i < 999; i++) recent.has(requestOf(i))
    assert.isTrue(recent.has(requestOf("first")))
    for (let i = 1_000; i < 2_000; i++) recent.has(requestOf(i))
    assert.isFalse(recent.has(requestOf("first")))
  })
})
