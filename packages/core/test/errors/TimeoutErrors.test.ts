import { assert, describe, it } from "@effect/vitest"
import { Duration } from "effect"
import * as TimeoutErrors from "../../src/errors/TimeoutErrors.ts"

const message = "too slow"
const timeout = Duration.seconds(10)

describe("TimeoutErrors", () => {
  it("require the timeout that was exceeded", () => {
    for (const Class of Object.values(TimeoutErrors)) {
      assert.deepStrictEqual(new Class({ message, timeout }).timeout, timeout)
      assert.throws(() => Reflect.construct(Class, [{ message }]))
    }
  })

  it("do not take the timeout for a wait that the host named", () => {
    for (const Class of Object.values(TimeoutErrors)) {
      assert.isUndefined(new Class({ message, timeout }).retryAfter)
      assert.notProperty(new Class({ message, timeout }).recovery, "after")
    }
  })

  it("cannot be billed before the connection was established", () => {
    const billing = Object.values(TimeoutErrors).map((Class) => [
      Class.identifier,
      new Class({ message, timeout }).billing
    ])
    assert.sameDeepMembers(billing, [
      ["@kimi-effect/core/ConnectTimeoutError", "none"],
      ["@kimi-effect/core/ConnectionPoolTimeoutError", "none"],
      ["@kimi-effect/core/DeadlineExceededError", "possible"],
      ["@kimi-effect/core/FirstTokenTimeoutError", "possible"],
      ["@kimi-effect/core/IdleTimeoutError", "possible"],
      ["@kimi-effect/core/TotalTimeoutError", "possible"]
    ])
  })
})
