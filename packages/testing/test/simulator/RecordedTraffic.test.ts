import { assert, describe, it } from "@effect/vitest"
import { toGapLine, toLine } from "@kimi-effect/core/internal/AuditRecord"
import type { CallRecord } from "@kimi-effect/core/CallRecord"
import * as TokenCount from "@kimi-effect/core/TokenCount"
import { fromTokens } from "@kimi-effect/core/Usage"
import { Effect } from "effect"
import * as Traffic from "../../src/simulator/Traffic.ts"

const start = Date.parse("2026-11-20T08:00:00Z")

const record = (changes: Partial<CallRecord> = {}): CallRecord => ({
  operation: "chat",
  startedAt: start,
  duration: 1_000,
  provider: "moonshot",
  account: "moonshot",
  requestModel: "kimi-k3",
  outcome: "ok",
  usage: fromTokens(300, 40),
  isEstimate: false,
  attempts: 1,
  retries: 0,
  admissionWait: 0,
  tags: { tenant: "acme", job: "", agent: "" },
  priority: "interactive",
  ...changes
})

/** Lines as an audit log writes them. */
const lines = (...records: ReadonlyArray<CallRecord>) => records.map((one, index) => toLine(`id-${index}`, one))

describe("fromAudit", () => {
  it.effect("reads the calls that an audit log has written", () =>
    Effect.gen(function* () {
      const { calls } = yield* Traffic.fromAudit(lines(record({ operation: "stream" })))
      assert.deepStrictEqual(calls, [
        {
          startedAt: start,
          isStream: true,
          model: "kimi-k3",
          promptTokens: 300,
          outputTokens: 40,
          tenant: "acme"
        }
      ])
    })
  )

  it.effect("orders calls by their start, because lines are written at their end", () =>
    Effect.gen(function* () {
      const { calls } = yield* Traffic.fromAudit(lines(record({ startedAt: start + 500 }), record()))
      assert.deepStrictEqual(
        calls.map(({ startedAt }) => startedAt - start),
        [0, 500]
      )
    })
  )

  it.effect("gives calls without usage the median size of their model", () =>
    Effect.gen(function* () {
      const sized = [100, 200, 300].map((tokens) => record({ usage: fromTokens(tokens, 10) }))
      const other = record({ requestModel: "kimi-k2.6", usage: fromTokens(9_000, 10) })
      const { usage: _, ...failed } = record({ outcome: "ServerError", startedAt: start + 1 })
      const { calls, unsized } = yield* Traffic.fromAudit(lines(...sized, other, failed))
      assert.deepStrictEqual([calls.at(-1)?.promptTokens, unsized], [200, 1])
    })
  )

  it.effect("gives a cached call the prompt of the calls with its usage", () =>
    Effect.gen(function* () {
      const cached = record({ cached: "memory" })
      const { calls } = yield* Traffic.fromAudit(lines(record(), cached, record({ usage: fromTokens(5, 5) })))
      assert.deepStrictEqual(
        calls.map(({ prompt }) => prompt),
        ["300/40", "300/40", undefined]
      )
    })
  )

  it.effect("counts damaged lines", () =>
    Effect.gen(function* () {
      const damaged = ["", '{"event":"call","id":"1",', "null", "[]", '{"event":"call","id":"x","startedAt":"no"}']
      const { calls, ignored } = yield* Traffic.fromAudit([...lines(record()), ...damaged])
      assert.deepStrictEqual([calls.length, ignored.damaged], [1, 4])
    })
  )

  it.effect("ignores a line that was written twice", () =>
    Effect.gen(function* () {
      const [line = ""] = lines(record())
      const { calls, ignored } = yield* Traffic.fromAudit([line, line])
      assert.deepStrictEqual([calls.length, ignored.repeated], [1, 1])
    })
  )

  it.effect("counts the calls that the log reports as dropped", () =>
    Effect.gen(function* () {
      const { ignored } = yield* Traffic.fromAudit([...lines(record()), toGapLine("gap", start, 7)])
      assert.strictEqual(ignored.dropped, 7)
    })
  )

  it.effect("fails without any call", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Traffic.fromAudit(["prompt,answer"]))
      assert.include(error.message, "none of 1 lines is a call")
    })
  )

  it.effect("fails without any usage", () =>
    Effect.gen(function* () {
      const { usage: _, ...failed } = record({ outcome: "ServerError" })
      assert.include((yield* Effect.flip(Traffic.fromAudit(lines(failed)))).message, "at least one call with usage")
    })
  )
})

describe("fromCalls", () => {
  it.effect("rejects calls without sizes", () =>
    Effect.gen(function* () {
      const call = { startedAt: start, isStream: false, model: "kimi-k3", promptTokens: 1, outputTokens: 1 }
      const error = yield* Effect.flip(Traffic.fromCalls([call, { ...call, outputTokens: Number.NaN }]))
      assert.deepStrictEqual(
        error.issues.map(({ name }) => name),
        ["calls[1]"]
      )
    })
  )

  it.effect("rejects an empty list", () =>
    Effect.gen(function* () {
      assert.include((yield* Effect.flip(Traffic.fromCalls([]))).message, "at least one call")
    })
  )
})

describe("arrivalsOfRecorded", () => {
  const arrivals = (...records: ReadonlyArray<CallRecord>) =>
    Effect.map(Traffic.fromAudit(lines(...records)), (traffic) => Traffic.arrivalsOfRecorded(traffic))

  it.effect("have prompts of the recorded length", () =>
    Effect.gen(function* () {
      for (const tokens of [100, 1_000, 300_000]) {
        const [first] = yield* arrivals(record({ usage: fromTokens(tokens, 10) }))
        const counted = TokenCount.ofPrompt({ model: "kimi-k3", messages: first?.request.messages ?? [] })
        assert.closeTo(counted, tokens, 2)
      }
    })
  )

  it.effect("are at the recorded times from the first", () =>
    Effect.gen(function* () {
      const all = yield* arrivals(record(), record({ startedAt: start + 1_234 }))
      assert.deepStrictEqual(
        all.map(({ at }) => at),
        [0, 1_234]
      )
    })
  )

  it.effect("allow the whole recorded response", () =>
    Effect.gen(function* () {
      const [first] = yield* arrivals(record({ usage: fromTokens(300, 50_000) }))
      assert.strictEqual(first?.request.max_completion_tokens, 50_000)
    })
  )

  it.effect("allow the longest of the responses to equal prompts", () =>
    Effect.gen(function* () {
      const call = { startedAt: start, isStream: false, model: "kimi-k3", promptTokens: 10, prompt: "same" }
      const traffic = yield* Traffic.fromCalls([10, 5_000].map((outputTokens) => ({ ...call, outputTokens })))
      assert.deepStrictEqual(
        Traffic.arrivalsOfRecorded(traffic).map(({ request }) => request.max_completion_tokens),
        [5_000, 5_000]
      )
    })
  )

  it.effect("have equal prompts only where a cache answered", () =>
    Effect.gen(function* () {
      const other = record({ usage: fromTokens(300, 41) })
      const all = yield* arrivals(record(), record({ cached: "memory" }), other, other)
      const prompts = all.map(({ request }) => JSON.stringify(request.messages))
      assert.strictEqual(prompts[0], prompts[1])
      assert.strictEqual(new Set(prompts).size, 3)
    })
  )

  it.effect("share no prompt between tenants", () =>
    Effect.gen(function* () {
      const globex = record({ cached: "memory", tags: { tenant: "globex", job: "", agent: "" } })
      const all = yield* arrivals(record(), globex)
      assert.strictEqual(new Set(all.map(({ request }) => JSON.stringify(request.messages))).size, 2)
    })
  )
})
