import { assert, describe, it } from "@effect/vitest"
import * as AuthenticationErrors from "../../src/errors/AuthenticationErrors.ts"

describe("AuthenticationErrors", () => {
  it("is final for the caller and says nothing about the host's health", () => {
    for (const Class of Object.values(AuthenticationErrors)) {
      const error = new Class({ message: "refused", status: 401 })
      assert.strictEqual(error.category, "authentication")
      assert.isFalse(error.isRetryable)
      assert.strictEqual(error.breaker, "ignored")
      assert.strictEqual(error.billing, "none")
    }
  })

  it("asks for another key only where the key is at fault", () => {
    const message = "refused"
    assert.strictEqual(new AuthenticationErrors.AuthenticationError({ message }).recovery._tag, "RotateKey")
    assert.strictEqual(new AuthenticationErrors.PermissionDeniedError({ message }).recovery._tag, "FixRequest")
    assert.strictEqual(new AuthenticationErrors.IpNotAllowedError({ message }).recovery._tag, "FixRequest")
  })

  it("reminds of the two hosts whose keys do not cross over", () => {
    const { hint } = new AuthenticationErrors.AuthenticationError({ message: "refused" })
    assert.match(hint, /global and the China host/)
  })
})
