import { assert, describe, it } from "@effect/vitest"
import { Duration } from "effect"
import * as TimeoutErrors from "../../src/errors/TimeoutErrors.ts"

const message = "too slow"
const timeout = Duration.seconds(10)

describe("TimeoutErrors", () => {
  it("names the bound that was passed", () => {
    for (const Class of Object.values(TimeoutErrors)) {
      assert.deepStrictEqual(new Class({ message, timeout }).timeout, timeout)
      assert.throws(() => Reflect.construct(Class, [{ message }]))
    }
  })

  it("does not take the bound for a wait that the host asked for", () => {
    for (const Class of Object.values(TimeoutErrors)) {
      assert.isUndefined(new Class({ message, timeout }).retryAfter)
      assert.notProperty(new Class({ message, timeout }).recovery, "after")
    }
  })

  it("cannot have been billed before a connection stood", () => {
    const billing = Object.values(TimeoutErrors).map((Class) => [
      Class.identifier,
      new Class({ message, timeout }).billing
    ])
    assert.sameDeepMembers(billing, [
      ["@kimi-effect/core/ConnectTimeoutError", "none"],
      ["@kimi-effect/core/DeadlineExceededError", "possible"],
      ["@kimi-effect/core/FirstTokenTimeoutError", "possible"],
      ["@kimi-effect/core/IdleTimeoutError", "possible"],
      ["@kimi-effect/core/TotalTimeoutError", "possible"]
    ])
  })
})
