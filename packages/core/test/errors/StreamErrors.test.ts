import { assert, describe, it } from "@effect/vitest"
import * as StreamErrors from "../../src/errors/StreamErrors.ts"

const message = "cut short"
const partial = { content: "So", reasoning_content: "", tool_calls: [] }

describe("StreamErrors", () => {
  it("have the partial response", () => {
    for (const Class of Object.values(StreamErrors)) {
      assert.deepStrictEqual(new Class({ message, partial }).partial, partial)
    }
  })

  it("can be retried", () => {
    for (const Class of Object.values(StreamErrors)) {
      assert.deepInclude(new Class({ message, partial }), {
        category: "stream",
        isRetryable: true,
        breaker: "failure",
        billing: "possible"
      })
    }
  })

  it("keep the platform's code of a broken connection", () => {
    const error = new StreamErrors.StreamInterruptedError({ message, code: "UND_ERR_SOCKET" })
    assert.strictEqual(error.code, "UND_ERR_SOCKET")
  })

  it("keep the host's error type", () => {
    assert.strictEqual(new StreamErrors.StreamFailedError({ message, type: "server_error" }).type, "server_error")
  })
})
