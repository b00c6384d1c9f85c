import { assert, describe, it } from "@effect/vitest"
import * as ResourceErrors from "../../src/errors/ResourceErrors.ts"

describe("ResourceErrors", () => {
  it("names the bound that was passed", () => {
    for (const Class of Object.values(ResourceErrors)) {
      assert.strictEqual(new Class({ message: "too large", limit: 1024 }).limit, 1024)
      assert.throws(() => Reflect.construct(Class, [{ message: "too large" }]))
    }
  })

  it("is the caller's bound, so neither retried nor held against the host", () => {
    for (const Class of Object.values(ResourceErrors)) {
      const error = new Class({ message: "too large", limit: 1 })
      assert.strictEqual(error.category, "resource")
      assert.isFalse(error.isRetryable)
      assert.strictEqual(error.breaker, "ignored")
    }
  })

  it("does not take the bound for a model's window", () => {
    const error = new ResourceErrors.ResponseTooLargeError({ message: "too large", limit: 1024 })
    assert.deepStrictEqual(error.recovery, { _tag: "FixRequest" })
  })
})
