import { assert, describe, it } from "@effect/vitest"
import * as AuthenticationErrors from "../../src/errors/AuthenticationErrors.ts"

describe("AuthenticationErrors", () => {
  it("are permanent for the caller without counting against the host", () => {
    for (const Class of Object.values(AuthenticationErrors)) {
      const error = new Class({ message: "refused", status: 401 })
      assert.strictEqual(error.category, "authentication")
      assert.isFalse(error.isRetryable)
      assert.strictEqual(error.breaker, "ignored")
      assert.strictEqual(error.billing, "none")
    }
  })

  it("recover with another key only where the key is wrong", () => {
    const message = "refused"
    assert.strictEqual(new AuthenticationErrors.AuthenticationError({ message }).recovery._tag, "RotateKey")
    assert.strictEqual(new AuthenticationErrors.PermissionDeniedError({ message }).recovery._tag, "FixRequest")
    assert.strictEqual(new AuthenticationErrors.IpNotAllowedError({ message }).recovery._tag, "FixRequest")
  })

  it("explain that the two hosts have separate keys", () => {
    const { hint } = new AuthenticationErrors.AuthenticationError({ message: "refused" })
    assert.match(hint, /global and the China host/)
  })
})
