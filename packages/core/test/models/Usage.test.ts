import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { ChatCompletionChunk } from "../../src/models/ChatCompletionChunk.ts"
import { fromWire, Usage, WireUsage } from "../../src/models/Usage.ts"
import { refusal, throughText } from "../support/codec.ts"

const read = (wire: unknown): Usage => fromWire(Schema.decodeUnknownSync(WireUsage)(wire))

const counts = { prompt_tokens: 400, completion_tokens: 70, total_tokens: 470 }
const none = { ...counts, cached_tokens: 0, cache_write_tokens: 0, reasoning_tokens: 0 }

describe("Usage.fromWire", () => {
  it("reads the same figures from a choice and from the top level", () => {
    const usage = { ...counts, cached_tokens: 256, completion_tokens_details: { reasoning_tokens: 50 } }
    const decode = Schema.decodeUnknownSync(ChatCompletionChunk)
    const inChoice = decode({ choices: [{ delta: {}, finish_reason: "stop", usage }] }).choices?.[0]?.usage
    const onTop = decode({ choices: [], usage }).usage
    assert.deepStrictEqual(inChoice, onTop)
    assert.deepStrictEqual(inChoice && fromWire(inChoice), { ...none, cached_tokens: 256, reasoning_tokens: 50 })
  })

  it("reads usage without any details as no cache and no reasoning", () => {
    assert.deepStrictEqual(read(counts), none)
  })

  it("reads cached tokens that stand at the top level only", () => {
    assert.deepStrictEqual(read({ ...counts, cached_tokens: 256 }), { ...none, cached_tokens: 256 })
  })

  it("reads cached tokens that stand in the details only", () => {
    const wire = { ...counts, prompt_tokens_details: { cached_tokens: 256 } }
    assert.deepStrictEqual(read(wire), { ...none, cached_tokens: 256 })
  })

  it("counts cached tokens that stand in both places once", () => {
    const wire = { ...counts, cached_tokens: 256, prompt_tokens_details: { cached_tokens: 256 } }
    assert.deepStrictEqual(read(wire), { ...none, cached_tokens: 256 })
  })

  it("falls back to the top level where the details say nothing of the cache", () => {
    for (const details of [null, {}, { cached_tokens: null }, { cache_write_tokens: 0 }]) {
      const wire = { ...counts, cached_tokens: 256, prompt_tokens_details: details }
      assert.deepStrictEqual(read(wire), { ...none, cached_tokens: 256 }, JSON.stringify(details))
    }
  })

  it("reads cache writes and reasoning", () => {
    const wire = {
      ...counts,
      prompt_tokens_details: { cached_tokens: 100, cache_write_tokens: 200, audio_tokens: 0 },
      completion_tokens_details: { reasoning_tokens: 50 }
    }
    assert.deepStrictEqual(read(wire), { ...counts, cached_tokens: 100, cache_write_tokens: 200, reasoning_tokens: 50 })
  })

  it("reads nulls and missing members as nothing, and adds up a missing total", () => {
    const zero = { ...none, prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }
    assert.deepStrictEqual(read({}), zero)
    assert.deepStrictEqual(
      read({ prompt_tokens: null, completion_tokens: null, total_tokens: null, cached_tokens: null }),
      zero
    )
    assert.deepStrictEqual(read({ prompt_tokens: 400, completion_tokens: 70, total_tokens: null }), none)
  })

  it("believes the host's total over its own sum", () => {
    assert.strictEqual(read({ ...counts, total_tokens: 471 }).total_tokens, 471)
  })

  it("refuses counts that are no numbers", () => {
    assert.include(refusal(WireUsage, { prompt_tokens: "400" }), '["prompt_tokens"]')
    assert.include(refusal(WireUsage, { prompt_tokens_details: [1] }), '["prompt_tokens_details"]')
    assert.isDefined(refusal(WireUsage, { completion_tokens: Number.NaN }))
  })

  it("takes a count below zero for none, so that no call earns money", () => {
    const wire = { prompt_tokens: -400, completion_tokens: 70, total_tokens: -330, cached_tokens: -1 }
    const usage = { ...none, prompt_tokens: 0, completion_tokens: 70, total_tokens: 70 }
    assert.deepStrictEqual(read(wire), usage)
    assert.deepStrictEqual(read({ ...wire, completion_tokens_details: { reasoning_tokens: -5 } }), usage)
  })

  it.prop(
    "gives counts that can be stored, whatever the host sent",
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
