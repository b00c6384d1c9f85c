import { inspect } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import { Equal, Schema } from "effect"
import { withDetails, withAttempts } from "../../../src/errors/internal/ErrorDetails.ts"
import { classes, codec, isKimiError } from "../../../src/errors/KimiError.ts"
import type { PartialResponse } from "../../../src/errors/PartialResponse.ts"
import { throughText } from "../../support/codec.ts"

const partial: PartialResponse = {
  content: "So far",
  reasoning_content: "",
  tool_calls: [{ id: "get_time_0", name: "get_time", arguments: '{"zo' }]
}

const lost = new classes.StreamInterruptedError({ message: "lost", code: "UND_ERR_SOCKET", requestId: "r-1" })

describe("withDetails", () => {
  it("returns an equal error of the same class with the partial response", () => {
    const attached = withDetails(lost, { partial })
    assert.isTrue(
      Equal.equals(
        attached,
        new classes.StreamInterruptedError({ message: "lost", code: "UND_ERR_SOCKET", requestId: "r-1", partial })
      )
    )
    assert.instanceOf(attached, classes.StreamInterruptedError)
    assert.isTrue(isKimiError(attached))
    assert.deepStrictEqual(attached.partial, partial)
    assert.isTrue(attached.isRetryable)
  })

  it("does not change the original error", () => {
    withDetails(lost, { partial })
    assert.notProperty(lost, "partial")
  })

  it("keeps the stack of the original error", () => {
    const attached = withDetails(lost, { partial })
    assert.strictEqual(attached.stack, lost.stack)
    assert.include(attached.stack, "ErrorDetails.test")
    assert.include(inspect(attached), "ErrorDetails.test")
    assert.notInclude(inspect(attached), "So far")
  })

  it("returns an error that can be encoded as JSON", () => {
    const attached = withDetails(lost, { partial })
    const decoded = Schema.decodeUnknownSync(codec)(throughText(Schema.encodeSync(codec)(attached)))
    assert.isTrue(Equal.equals(decoded, attached))
  })

  it("does not replace a partial response that the error has", () => {
    const attached = withDetails(lost, { partial })
    assert.strictEqual(withDetails(attached, { partial: { ...partial, content: "other" } }), attached)
  })

  it("does not add an empty partial response", () => {
    assert.strictEqual(withDetails(lost, { partial: { content: "", reasoning_content: "", tool_calls: [] } }), lost)
  })

  it("adds ids that the error lacks", () => {
    assert.strictEqual(withDetails(lost, { traceId: "t-1" }).traceId, "t-1")
  })

  it("keeps ids that the error has", () => {
    const attached = withDetails(lost, { requestId: "r-2", traceId: "t-1" })
    assert.strictEqual(attached.requestId, "r-1")
    assert.strictEqual(withDetails(attached, { requestId: "r-3", traceId: undefined }), attached)
  })
})

describe("withAttempts", () => {
  const facts = { tag: "DnsError", startedAt: 1, duration: 2, delay: 3, isPossiblyBilled: false }

  it("replaces the attempts of an error", () => {
    const first = withAttempts(lost, [facts])
    assert.deepStrictEqual(first.attempts, [facts])
    const second = withAttempts(withDetails(first, { partial }), [facts, { ...facts, delay: 0 }])
    assert.deepStrictEqual(second.attempts, [facts, { ...facts, delay: 0 }])
    assert.deepStrictEqual(second.partial, partial)
    assert.instanceOf(second, classes.StreamInterruptedError)
    assert.deepStrictEqual([second.message, second.code, second.stack], ["lost", "UND_ERR_SOCKET", lost.stack])
    assert.notProperty(lost, "attempts")
  })
})
