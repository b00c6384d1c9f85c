import { inspect } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import { Equal, Schema } from "effect"
import { classes, codec, isKimiError } from "../../src/errors/KimiError.ts"
import { attach, PartialAnswer } from "../../src/errors/PartialAnswer.ts"
import { refusal, throughText } from "../support/codec.ts"

const partial: PartialAnswer = {
  content: "So far",
  reasoning_content: "",
  tool_calls: [{ id: "get_time_0", name: "get_time", arguments: '{"zo' }]
}

const lost = new classes.StreamInterruptedError({ message: "lost", code: "UND_ERR_SOCKET", requestId: "r-1" })

describe("PartialAnswer", () => {
  it("keeps arguments that are not valid JSON", () => {
    const encoded = throughText(Schema.encodeSync(PartialAnswer)(partial))
    assert.deepStrictEqual(Schema.decodeUnknownSync(PartialAnswer)(encoded), partial)
  })

  it("refuses an answer without its texts", () => {
    assert.include(refusal(PartialAnswer, { content: "a", tool_calls: [] }), "reasoning_content")
  })
})

describe("attach", () => {
  it("gives the same error with the partial answer", () => {
    const attached = attach(lost, partial)
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
    attach(lost, partial)
    assert.notProperty(lost, "partial")
  })

  it("keeps where the error came from", () => {
    const attached = attach(lost, partial)
    assert.strictEqual(attached.stack, lost.stack)
    assert.include(attached.stack, "PartialAnswer.test")
    assert.include(inspect(attached), "PartialAnswer.test")
    assert.notInclude(inspect(attached), "So far")
  })

  it("survives JSON text", () => {
    const attached = attach(lost, partial)
    const decoded = Schema.decodeUnknownSync(codec)(throughText(Schema.encodeSync(codec)(attached)))
    assert.isTrue(Equal.equals(decoded, attached))
  })

  it("does not replace a partial answer that the error has", () => {
    const attached = attach(lost, partial)
    assert.strictEqual(attach(attached, { ...partial, content: "other" }), attached)
  })

  it("adds nothing where nothing had arrived", () => {
    assert.strictEqual(attach(lost, { content: "", reasoning_content: "", tool_calls: [] }), lost)
  })
})
