import { assert, describe, it } from "@effect/vitest"
import * as ResourceErrors from "../../src/errors/ResourceErrors.ts"

describe("ResourceErrors", () => {
  it("require the limit that was exceeded", () => {
    for (const Class of Object.values(ResourceErrors)) {
      assert.strictEqual(new Class({ message: "too large", limit: 1024 }).limit, 1024)
      assert.throws(() => Reflect.construct(Class, [{ message: "too large" }]))
    }
  })

  it("are not retried, because the limit is the caller's", () => {
    for (const Class of Object.values(ResourceErrors)) {
      const error = new Class({ message: "too large", limit: 1 })
      assert.strictEqual(error.category, "resource")
      assert.isFalse(error.isRetryable)
      assert.strictEqual(error.breaker, "ignored")
    }
  })

  it("do not take the limit for a model's window", () => {
    const error = new ResourceErrors.ResponseTooLargeError({ message: "too large", limit: 1024 })
    assert.deepStrictEqual(error.recovery, { _tag: "FixRequest" })
  })
})
