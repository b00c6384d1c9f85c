import { assert, describe, it } from "@effect/vitest"
import { chunk, decodeData } from "./support/sse.ts"

const wireUsage = (prompt_tokens: number, completion_tokens: number) => ({
  prompt_tokens,
  completion_tokens,
  total_tokens: prompt_tokens + completion_tokens
})

const inChoice = (usage: object): object => ({ choices: [{ index: 0, delta: {}, finish_reason: "stop", usage }] })
const onTop = (usage: object): object => ({ choices: [], usage })

const usageOf = (...data: ReadonlyArray<unknown>) =>
  decodeData([chunk({ content: "x" }), chunk({}, "stop"), ...data, "[DONE]"]).events.filter(
    (event) => event._tag === "Usage"
  )

describe("the usage of a stream", () => {
  it("is the most complete one, regardless of later reports", () => {
    const full = { ...wireUsage(10_000, 5_000), prompt_tokens_details: { cached_tokens: 7 } }
    const poorer = [
      wireUsage(0, 0),
      {},
      { prompt_tokens: null, completion_tokens: null, total_tokens: null },
      { prompt_tokens: 10_000 },
      { completion_tokens: 5_000 },
      { total_tokens: 3 },
      wireUsage(10_000, 0),
      wireUsage(10_000, 1)
    ]
    for (const usage of poorer) {
      for (const later of [onTop(usage), inChoice(usage)]) {
        for (const order of [
          [onTop(full), later],
          [later, inChoice(full)],
          [later, onTop(full), later]
        ]) {
          const [event] = usageOf(...order)
          const expected = { prompt_tokens: 10_000, completion_tokens: 5_000, total_tokens: 15_000, cached_tokens: 7 }
          assert.deepInclude(event?.usage, expected, JSON.stringify(order))
        }
      }
    }
  })

  it("is absent if the host sends only zeros", () => {
    for (const usage of [wireUsage(0, 0), {}, { prompt_tokens: null }]) {
      assert.strictEqual(usageOf(inChoice(usage), onTop(usage)).length, 0)
    }
  })

  it("is joined from reports of one count each", () => {
    const [event] = usageOf(onTop({ prompt_tokens: 10 }), onTop({ completion_tokens: 5 }))
    assert.deepInclude(event?.usage, { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 })
  })
})
