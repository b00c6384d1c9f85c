import { assert, describe, it } from "@effect/vitest"
import { classes } from "../../src/errors/KimiError.ts"
import * as NetworkErrors from "../../src/errors/NetworkErrors.ts"

const message = "network failure"

describe("NetworkErrors", () => {
  it("keep the platform's code", () => {
    const { DnsError, ConnectionRefusedError, ConnectionLostError, TlsError } = NetworkErrors
    for (const Class of [DnsError, ConnectionRefusedError, ConnectionLostError, TlsError]) {
      assert.strictEqual(new Class({ message, code: "E_CODE" }).code, "E_CODE")
      assert.notProperty(new Class({ message }), "code")
    }
  })

  it("may be billed only where the request may have arrived", () => {
    const charged = Object.values(NetworkErrors).filter((Class) => new Class({ message }).billing === "possible")
    assert.deepStrictEqual(charged, [classes.ConnectionLostError])
  })

  it("do not retry a redirect", () => {
    const error = new NetworkErrors.RedirectError({ message, location: "https://other.example" })
    assert.deepInclude(error, { isRetryable: false, breaker: "ignored" })
    assert.strictEqual(error.location, "https://other.example")
  })

  it("do not retry an invalid certificate", () => {
    const error = new NetworkErrors.TlsError({ message, code: "CERT_HAS_EXPIRED" })
    assert.isFalse(error.isRetryable)
    assert.strictEqual(error.breaker, "failure")
  })
})
