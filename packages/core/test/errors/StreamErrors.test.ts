import { assert, describe, it } from "@effect/vitest"
import * as StreamErrors from "../../src/errors/StreamErrors.ts"

const message = "cut short"
const partial = { content: "So", reasoning_content: "", tool_calls: [] }

describe("StreamErrors", () => {
  it("carries what had arrived, may be asked again and may have been billed", () => {
    for (const Class of Object.values(StreamErrors)) {
      const error = new Class({ message, partial })
      assert.deepStrictEqual(error.partial, partial)
      assert.deepInclude(error, { category: "stream", isRetryable: true, breaker: "failure", billing: "possible" })
    }
  })

  it("keeps the platform's code and the host's word", () => {
    assert.strictEqual(
      new StreamErrors.StreamInterruptedError({ message, code: "UND_ERR_SOCKET" }).code,
      "UND_ERR_SOCKET"
    )
    assert.strictEqual(new StreamErrors.StreamFailedError({ message, type: "server_error" }).type, "server_error")
  })
})
