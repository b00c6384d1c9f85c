import { assert, describe, it } from "@effect/vitest"
import { classes } from "../../src/errors/KimiError.ts"
import * as NetworkErrors from "../../src/errors/NetworkErrors.ts"

const message = "no way through"

describe("NetworkErrors", () => {
  it("keeps the platform's code", () => {
    const { DnsError, ConnectionRefusedError, ConnectionLostError, TlsError } = NetworkErrors
    for (const Class of [DnsError, ConnectionRefusedError, ConnectionLostError, TlsError]) {
      assert.strictEqual(new Class({ message, code: "E_CODE" }).code, "E_CODE")
      assert.notProperty(new Class({ message }), "code")
    }
  })

  it("admits a charge only where the request may have arrived", () => {
    const charged = Object.values(NetworkErrors).filter((Class) => new Class({ message }).billing === "possible")
    assert.deepStrictEqual(charged, [classes.ConnectionLostError])
  })

  it("neither retries a redirect nor counts it against the host", () => {
    const error = new NetworkErrors.RedirectError({ message, location: "https://other.example" })
    assert.isFalse(error.isRetryable)
    assert.strictEqual(error.breaker, "ignored")
    assert.strictEqual(error.location, "https://other.example")
  })

  it("does not retry a certificate that will not change by itself", () => {
    const error = new NetworkErrors.TlsError({ message, code: "CERT_HAS_EXPIRED" })
    assert.isFalse(error.isRetryable)
    assert.strictEqual(error.breaker, "failure")
  })
})
