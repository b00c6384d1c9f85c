import { assert, describe, it } from "@effect/vitest"
import { Effect, Random } from "effect"
import { TestClock } from "effect/testing"
import { table, type Tag } from "../../src/errors/ErrorFacts.ts"
import * as CallLog from "../../src/observability/CallLog.ts"
import type { CallRecord } from "../../src/observability/CallRecord.ts"
import * as Telemetry from "../../src/observability/Telemetry.ts"
import { linesOf, parse } from "./support/lines.ts"
import { answered, failed } from "./support/records.ts"

type Fields = Readonly<Record<string, unknown>>

/** The parsed lines of calls. */
const linesFor = (
  records: ReadonlyArray<CallRecord>,
  options: CallLog.Options = {},
  after: Effect.Effect<void> = Effect.void
) =>
  Effect.gen(function* () {
    const log = yield* CallLog.make(options)
    const lines = yield* linesOf(Effect.andThen(Effect.forEach(records, log, { discard: true }), after))
    return lines.map(parse)
  }).pipe(Effect.scoped)

const fieldsOf = (line: Fields | undefined): Fields => (line?.["annotations"] ?? {}) as Fields

describe("CallLog", () => {
  it.effect("logs all fields of a successful call in its trace", () =>
    Effect.gen(function* () {
      const [line] = yield* Effect.withSpan(linesFor([answered]), "somewhere else")
      assert.include(line, {
        level: "INFO",
        message: "stream succeeded",
        trace_id: answered.traceId,
        span_id: answered.spanId
      })
      assert.deepStrictEqual(fieldsOf(line), {
        "event.name": "kimi.call",
        "kimi.operation": "stream",
        "kimi.outcome": "ok",
        "gen_ai.provider.name": "moonshot_ai",
        "kimi.host": "moonshot",
        "kimi.account": "moonshot",
        "gen_ai.request.model": "kimi-k3",
        "gen_ai.response.model": "kimi-k3-0905",
        "gen_ai.response.finish_reasons": ["stop"],
        "kimi.request_id": "req-1",
        "kimi.host_trace_id": "host-1",
        "kimi.duration": 2.346,
        "kimi.time_to_first_token": 0.345,
        "kimi.wait": 0.012,
        "kimi.attempts": 2,
        "kimi.retries": 1,
        "kimi.stream.end": "complete",
        "kimi.priority": "interactive",
        "gen_ai.usage.input_tokens": 100,
        "gen_ai.usage.output_tokens": 20,
        "gen_ai.usage.cache_read.input_tokens": 64,
        "gen_ai.usage.reasoning.output_tokens": 5,
        "kimi.cost": 0.0006,
        "kimi.currency": "USD",
        "kimi.estimated": false,
        "kimi.tenant": "acme",
        "kimi.agent": "writer"
      })
    })
  )

  it.effect("uses only field names of Telemetry", () =>
    Effect.gen(function* () {
      const everything = {
        ...failed("ServerError"),
        ...answered,
        cached: "store" as const,
        tags: { tenant: "t", job: "j", agent: "a" }
      }
      const { call, suppressed } = Telemetry.logs
      const calls = yield* linesFor([everything, failed("ServerError"), failed("ServerError")], {
        sample: 1,
        repeatLimit: { maxEvents: 1 }
      })
      const [sampled] = yield* Effect.repeat(linesFor([everything], { sample: 2 }), {
        until: ({ length }) => length === 1
      })
      const namesOf = (lines: ReadonlyArray<Fields | undefined>) =>
        new Set(lines.flatMap((line) => Object.keys(fieldsOf(line))))
      assert.deepStrictEqual(namesOf([...calls.slice(0, 2), sampled]), new Set(call.attributes.map(({ name }) => name)))
      const [emitted] = yield* linesFor(
        [failed("ServerError"), failed("ServerError")],
        { repeatLimit: { maxEvents: 0, interval: "1 second" } },
        TestClock.adjust("1 second")
      )
      assert.deepStrictEqual(namesOf([emitted]), new Set<string>(suppressed.attributes.map(({ name }) => name)))
    })
  )

  it.effect("logs the error of a failed call", () =>
    Effect.gen(function* () {
      const [line] = yield* linesFor([failed("OverloadedError", { requestId: "req-2" })])
      assert.include(line, { level: "WARN", message: "stream failed: OverloadedError" })
      assert.include(fieldsOf(line), {
        "kimi.outcome": "OverloadedError",
        "error.type": "OverloadedError",
        "kimi.error.category": "rate limit",
        "kimi.error.severity": "warning",
        "kimi.error.message": "OverloadedError happened",
        "kimi.request_id": "req-2"
      })
      assert.notProperty(fieldsOf(line), "kimi.cost")
    })
  )

  it.effect("derives the level from the outcome", () =>
    Effect.gen(function* () {
      const { cost: _, ...rest } = answered
      const lines = yield* linesFor([
        { ...rest, cached: "memory" },
        { ...rest, outcome: "interrupted" },
        { ...rest, outcome: "defect" }
      ])
      assert.deepStrictEqual(
        lines.map((line) => [
          line["level"],
          line["message"],
          fieldsOf(line)["error.type"],
          fieldsOf(line)["kimi.cache.level"]
        ]),
        [
          ["INFO", "stream succeeded", undefined, "memory"],
          ["INFO", "stream interrupted", undefined, undefined],
          ["ERROR", "stream died with a defect", "defect", undefined]
        ]
      )
      const tags = Object.keys(table) as ReadonlyArray<Tag>
      for (const tag of tags) {
        const { category, severity } = table[tag]
        const isLoud = category !== "validation" && (severity === "error" || severity === "critical")
        assert.strictEqual(CallLog.levelOf(failed(tag)), isLoud ? "Error" : "Warn", tag)
      }
      assert.strictEqual(CallLog.levelOf(failed("InvalidRequestError")), "Warn")
      assert.strictEqual(CallLog.levelOf(failed("AuthenticationError")), "Error")
    })
  )

  it.effect("logs successful calls at the given level", () =>
    Effect.gen(function* () {
      const [line] = yield* linesFor([answered], { successLevel: "Debug" })
      assert.strictEqual(line?.["level"], "DEBUG")
    })
  )

  it.effect("samples successful calls only", () =>
    Effect.gen(function* () {
      const sampled = Effect.gen(function* () {
        const records = Array.from({ length: 2_000 }, () => [
          answered,
          failed("ServerError"),
          { ...answered, outcome: "interrupted" as const }
        ]).flat()
        const lines = yield* linesFor(records, { sample: 20, repeatLimit: false })
        const outcomes = lines.map((line) => fieldsOf(line)["kimi.outcome"])
        const kept = lines.filter((line) => fieldsOf(line)["kimi.outcome"] === "ok")
        for (const line of kept) assert.strictEqual(fieldsOf(line)["kimi.log.sample"], 20)
        assert.strictEqual(outcomes.filter((outcome) => outcome === "ServerError").length, 2_000)
        assert.strictEqual(outcomes.filter((outcome) => outcome === "interrupted").length, 2_000)
        assert.notProperty(fieldsOf(lines.find((line) => line["level"] === "WARN")), "kimi.log.sample")
        return kept.length
      })
      const counts = yield* Effect.forEach(["a", "b", "a"], (seed) => sampled.pipe(Random.withSeed(seed)))
      // 100 are expected. The seed makes the number the same in every run.
      assert.deepStrictEqual([counts[0], counts[0] !== counts[1]], [counts[2], true])
      for (const count of counts) assert.isTrue(count > 70 && count < 130, `${count}`)
    })
  )

  it.effect("logs the number of suppressed repeated failures", () =>
    Effect.gen(function* () {
      const storm = Array.from({ length: 1_000 }, () => [
        failed("ServerError"),
        failed("ServerError", { requestModel: "kimi-k2" })
      ])
      const lines = yield* linesFor(
        [...storm.flat(), failed("ServerError", { provider: "together" }), failed("RateLimitError")],
        { repeatLimit: { maxEvents: 3, interval: "30 seconds" } },
        TestClock.adjust("30 seconds")
      )
      assert.strictEqual(lines.length, 3 + 3 + 1 + 1 + 2)
      const [first, second] = lines.slice(-2)
      assert.include(first, { level: "WARN", message: "stream failed: ServerError, 997 more times" })
      assert.deepStrictEqual(fieldsOf(first), {
        "event.name": "kimi.call.suppressed",
        "kimi.operation": "stream",
        "kimi.outcome": "ServerError",
        "error.type": "ServerError",
        "gen_ai.provider.name": "moonshot_ai",
        "kimi.host": "moonshot",
        "gen_ai.request.model": "kimi-k3",
        "kimi.log.suppressed": 997,
        "kimi.log.since": 30
      })
      assert.notProperty(first, "trace_id")
      assert.include(fieldsOf(second), { "gen_ai.request.model": "kimi-k2", "kimi.log.suppressed": 997 })
    })
  )

  it.effect("logs every interrupted call", () =>
    Effect.gen(function* () {
      const left = Array.from({ length: 20 }, () => ({ ...answered, outcome: "interrupted" as const }))
      assert.strictEqual((yield* linesFor(left, { sample: 100, repeatLimit: { maxEvents: 1 } })).length, 20)
    })
  )

  it.effect("logs the number of suppressed failures when its scope closes", () =>
    Effect.gen(function* () {
      const lines = yield* linesOf(
        Effect.scoped(
          Effect.gen(function* () {
            const log = yield* CallLog.make({ repeatLimit: { maxEvents: 1 } })
            yield* log(failed("ServerError"))
            yield* log(failed("ServerError"))
          })
        )
      )
      assert.deepStrictEqual(
        lines.map((line) => parse(line)["message"]),
        ["stream failed: ServerError", "stream failed: ServerError, 1 more times"]
      )
    })
  )
})
