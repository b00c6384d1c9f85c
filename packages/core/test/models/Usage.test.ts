import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { ChatCompletionChunk } from "../../src/models/ChatCompletionChunk.ts"
import { fromReport, fromWire, mostComplete, orEstimate, Usage, WireUsage } from "../../src/models/Usage.ts"
import { refusal, throughText } from "../support/codec.ts"

const read = (wire: unknown): Usage => fromWire(Schema.decodeUnknownSync(WireUsage)(wire))

const counts = { prompt_tokens: 400, completion_tokens: 70, total_tokens: 470 }
const none = { ...counts, cached_tokens: 0, cache_write_tokens: 0, reasoning_tokens: 0 }

describe("Usage.fromWire", () => {
  it("reads the same counts from a choice as from the top level", () => {
    const usage = { ...counts, cached_tokens: 256, completion_tokens_details: { reasoning_tokens: 50 } }
    const decode = Schema.decodeUnknownSync(ChatCompletionChunk)
    const inChoice = decode({ choices: [{ delta: {}, finish_reason: "stop", usage }] }).choices?.[0]?.usage
    const onTop = decode({ choices: [], usage }).usage
    assert.deepStrictEqual(inChoice, onTop)
    assert.deepStrictEqual(inChoice && fromWire(inChoice), { ...none, cached_tokens: 256, reasoning_tokens: 50 })
  })

  it("reads absent details as zero", () => {
    assert.deepStrictEqual(read(counts), none)
  })

  it("reads cached tokens at the top level", () => {
    assert.deepStrictEqual(read({ ...counts, cached_tokens: 256 }), { ...none, cached_tokens: 256 })
  })

  it("reads cached tokens in the details", () => {
    const wire = { ...counts, prompt_tokens_details: { cached_tokens: 256 } }
    assert.deepStrictEqual(read(wire), { ...none, cached_tokens: 256 })
  })

  it("counts cached tokens in both places once", () => {
    const wire = { ...counts, cached_tokens: 256, prompt_tokens_details: { cached_tokens: 256 } }
    assert.deepStrictEqual(read(wire), { ...none, cached_tokens: 256 })
  })

  it("falls back to the top level where the details have no cached tokens", () => {
    for (const details of [null, {}, { cached_tokens: null }, { cache_write_tokens: 0 }]) {
      const wire = { ...counts, cached_tokens: 256, prompt_tokens_details: details }
      assert.deepStrictEqual(read(wire), { ...none, cached_tokens: 256 }, JSON.stringify(details))
    }
  })

  it("reads the details of both token counts", () => {
    const wire = {
      ...counts,
      prompt_tokens_details: { cached_tokens: 100, cache_write_tokens: 200, audio_tokens: 0 },
      completion_tokens_details: { reasoning_tokens: 50 }
    }
    assert.deepStrictEqual(read(wire), { ...counts, cached_tokens: 100, cache_write_tokens: 200, reasoning_tokens: 50 })
  })

  it("reads null or absent counts as zero", () => {
    const zero = { ...none, prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }
    assert.deepStrictEqual(read({}), zero)
    assert.deepStrictEqual(
      read({ prompt_tokens: null, completion_tokens: null, total_tokens: null, cached_tokens: null }),
      zero
    )
  })

  it("computes a missing total", () => {
    assert.deepStrictEqual(read({ prompt_tokens: 400, completion_tokens: 70, total_tokens: null }), none)
  })

  it("prefers the host's total to the sum", () => {
    assert.strictEqual(read({ ...counts, total_tokens: 471 }).total_tokens, 471)
  })

  it("refuses counts that are not numbers", () => {
    assert.include(refusal(WireUsage, { prompt_tokens: "400" }), '["prompt_tokens"]')
    assert.include(refusal(WireUsage, { prompt_tokens_details: [1] }), '["prompt_tokens_details"]')
    assert.isDefined(refusal(WireUsage, { completion_tokens: Number.NaN }))
  })

  it("reads a negative count as zero, so that no call has a negative cost", () => {
    const wire = { prompt_tokens: -400, completion_tokens: 70, total_tokens: -330, cached_tokens: -1 }
    const usage = { ...none, prompt_tokens: 0, completion_tokens: 70, total_tokens: 70 }
    assert.deepStrictEqual(read(wire), usage)
    assert.deepStrictEqual(read({ ...wire, completion_tokens_details: { reasoning_tokens: -5 } }), usage)
  })

  it.prop(
    "returns finite counts for any input",
    [WireUsage],
    ([wire]) => {
      const usage = fromWire(wire)
      const decoded = Schema.decodeUnknownSync(Usage)(throughText(Schema.encodeSync(Usage)(usage)))
      assert.isTrue(Schema.toEquivalence(Usage)(decoded, usage))
      assert.isTrue(Object.values(usage).every((count) => count >= 0))
    },
    { arbitrary: { seed: "usage", runs: 500 } }
  )
})

describe("Usage.fromReport", () => {
  it("is none where nothing is reported", () => {
    const zero = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }
    for (const wire of [undefined, null, {}, zero, { prompt_tokens: null }, { prompt_tokens: -1 }]) {
      assert.isUndefined(fromReport(wire), JSON.stringify(wire))
    }
  })

  it("computes a missing count from the total", () => {
    assert.strictEqual(fromReport({ prompt_tokens: 400, total_tokens: 470 })?.completion_tokens, 70)
    assert.strictEqual(fromReport({ completion_tokens: 70, total_tokens: 470 })?.prompt_tokens, 400)
  })
})

describe("Usage.mostComplete", () => {
  const full = { ...none, cached_tokens: 256 }

  it("is the later report if both are complete", () => {
    assert.deepStrictEqual(mostComplete(full, { ...full, completion_tokens: 71, total_tokens: 471 }), {
      ...full,
      completion_tokens: 71,
      total_tokens: 471
    })
  })

  it("never loses a count", () => {
    for (const other of [fromReport({ prompt_tokens: 400 }), fromReport({ completion_tokens: 70 }), none, undefined]) {
      assert.deepStrictEqual(mostComplete(full, other), full)
      assert.deepStrictEqual(mostComplete(other, full), full)
    }
  })

  it("does not count fewer generated tokens than before", () => {
    assert.strictEqual(mostComplete(full, { ...full, completion_tokens: 1 })?.completion_tokens, 70)
  })
})

describe("Usage.orEstimate", () => {
  const estimate = () => ({ ...none, prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 })

  it("is a complete report", () => {
    assert.deepStrictEqual(orEstimate(none, estimate), { usage: none, isEstimate: false })
  })

  it("takes what is missing from the estimate", () => {
    assert.deepStrictEqual(orEstimate(undefined, estimate), { usage: estimate(), isEstimate: true })
    const { isEstimate, usage } = orEstimate({ ...none, completion_tokens: 0, total_tokens: 400 }, estimate)
    assert.isTrue(isEstimate)
    assert.deepInclude(usage, { prompt_tokens: 400, completion_tokens: 4, total_tokens: 404 })
  })

  it("limits generated tokens that are not reported", () => {
    const limited = { ...none, prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 }
    assert.deepStrictEqual(orEstimate(undefined, estimate, 2).usage, limited)
    const reported = { ...none, completion_tokens: 0, total_tokens: 400 }
    assert.deepInclude(orEstimate(reported, estimate, 2).usage, { completion_tokens: 2, total_tokens: 402 })
  })

  it("computes the limit only for an incomplete report", () => {
    let computed = 0
    const limit = () => (computed += 2)
    assert.deepStrictEqual(orEstimate(none, estimate, limit).usage, none)
    assert.strictEqual(computed, 0)
    assert.strictEqual(orEstimate(undefined, estimate, limit).usage.completion_tokens, 2)
  })

  it("does not limit generated tokens that are reported", () => {
    assert.strictEqual(orEstimate(none, estimate, 2).usage.completion_tokens, 70)
    assert.strictEqual(orEstimate({ ...none, prompt_tokens: 0 }, estimate, 2).usage.completion_tokens, 70)
  })

  it("counts as prompt what of a reported total cannot have been generated", () => {
    const total = { ...none, prompt_tokens: 0, completion_tokens: 0, total_tokens: 100 }
    assert.deepInclude(orEstimate(total, estimate, 20).usage, {
      prompt_tokens: 80,
      completion_tokens: 20,
      total_tokens: 100
    })
  })
})
