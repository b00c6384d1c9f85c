import { inspect } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import { Equal, Schema } from "effect"
import { attach, withAttempts } from "../../src/errors/Attachment.ts"
import { classes, codec, isKimiError } from "../../src/errors/KimiError.ts"
import type { PartialAnswer } from "../../src/errors/PartialAnswer.ts"
import { throughText } from "../support/codec.ts"

const partial: PartialAnswer = {
  content: "So far",
  reasoning_content: "",
  tool_calls: [{ id: "get_time_0", name: "get_time", arguments: '{"zo' }]
}

const lost = new classes.StreamInterruptedError({ message: "lost", code: "UND_ERR_SOCKET", requestId: "r-1" })

describe("attach", () => {
  it("gives the same error with the partial answer", () => {
    const attached = attach(lost, { partial })
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

  it("leaves the first error as it was", () => {
    attach(lost, { partial })
    assert.notProperty(lost, "partial")
  })

  it("keeps where the error came from", () => {
    const attached = attach(lost, { partial })
    assert.strictEqual(attached.stack, lost.stack)
    assert.include(attached.stack, "Attachment.test")
    assert.include(inspect(attached), "Attachment.test")
    assert.notInclude(inspect(attached), "So far")
  })

  it("survives JSON text", () => {
    const attached = attach(lost, { partial })
    const decoded = Schema.decodeUnknownSync(codec)(throughText(Schema.encodeSync(codec)(attached)))
    assert.isTrue(Equal.equals(decoded, attached))
  })

  it("does not replace a partial answer that the error has", () => {
    const attached = attach(lost, { partial })
    assert.strictEqual(attach(attached, { partial: { ...partial, content: "other" } }), attached)
  })

  it("adds nothing where nothing had arrived", () => {
    assert.strictEqual(attach(lost, { partial: { content: "", reasoning_content: "", tool_calls: [] } }), lost)
  })

  it("adds ids that the error lacks, and keeps those it has", () => {
    const attached = attach(lost, { requestId: "r-2", traceId: "t-1" })
    assert.deepStrictEqual([attached.requestId, attached.traceId], ["r-1", "t-1"])
    assert.strictEqual(attach(attached, { requestId: "r-3", traceId: undefined }), attached)
  })
})

describe("withAttempts", () => {
  const facts = { tag: "DnsError", startedAt: 1, duration: 2, delay: 3, isPossiblyBilled: false }

  it("gives the same error with these attempts in place of its own", () => {
    const first = withAttempts(lost, [facts])
    assert.deepStrictEqual(first.attempts, [facts])
    const second = withAttempts(attach(first, { partial }), [facts, { ...facts, delay: 0 }])
    assert.deepStrictEqual(second.attempts, [facts, { ...facts, delay: 0 }])
    assert.deepStrictEqual(second.partial, partial)
    assert.instanceOf(second, classes.StreamInterruptedError)
    assert.deepStrictEqual([second.message, second.code, second.stack], ["lost", "UND_ERR_SOCKET", lost.stack])
    assert.notProperty(lost, "attempts")
  })
})
