import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Exit, Random, Stream } from "effect"
import { runVirtual } from "../../src/internal/simulator/virtualTime.ts"
import * as FaultScript from "../../src/simulator/FaultScript.ts"
import { CurrentCall } from "../../src/simulator/SimulatedCall.ts"
import * as VirtualHost from "../../src/simulator/VirtualHost.ts"

const request = {
  model: "kimi-k3",
  messages: [{ role: "user" as const, content: "Hi" }],
  max_completion_tokens: 10_000
}

/** First token after exactly a second, 100 tokens a second. */
const steady: VirtualHost.Options = {
  firstToken: { median: 1_000, p95: 1_000 },
  tokensPerSecond: { median: 100, p95: 100 }
}

/** Makes one attempt at a time of the script. Returns its outcome, duration, events and billing. */
const attemptAt = (
  at: Duration.Input,
  faults: ReadonlyArray<FaultScript.Fault>,
  options: { readonly isStream?: boolean; readonly outputTokens?: number; readonly host?: VirtualHost.Options } = {}
) =>
  runVirtual(
    0,
    Effect.gen(function* () {
      const billed: Array<VirtualHost.Attempt> = []
      const host = yield* VirtualHost.make({ ...steady, ...options.host }, faults, (attempt) => billed.push(attempt))
      yield* Effect.sleep(at)
      const { transport } = host
      const events: Array<readonly [tag: string, at: number]> = []
      const stream = Stream.runForEach(transport.stream(request), ({ _tag }) =>
        Effect.map(Clock.currentTimeMillis, (now) => events.push([_tag, now]))
      )
      const call: Effect.Effect<unknown, { readonly _tag: string }> =
        options.isStream === true ? stream : transport.chat(request)
      const exit = yield* Effect.exit(Effect.timeoutOption(Effect.flip(call), "1 hour"))
      const tag = Exit.isFailure(exit) ? "Success" : exit.value._tag === "None" ? "Pending" : exit.value.value._tag
      const now = yield* Clock.currentTimeMillis
      return { tag, after: now - Duration.toMillis(at), events, billed: billed[0] }
    }).pipe(
      Effect.provideService(CurrentCall, { outputTokens: options.outputTokens ?? 200, onAttempt: () => undefined })
    )
  ).pipe(Random.withSeed(1))

const outage = (mode: "refuse" | "hang") => [FaultScript.Outage({ after: "10 seconds", duration: "5 seconds", mode })]

describe("a virtual host", () => {
  it.effect("responds after its generation time", () =>
    Effect.gen(function* () {
      const chat = yield* attemptAt(0, [])
      assert.deepStrictEqual([chat.tag, chat.after], ["Success", 3_000])
    })
  )

  it.effect("streams from its first token to its generation time", () =>
    Effect.gen(function* () {
      const { events } = yield* attemptAt(0, [], { isStream: true })
      assert.deepStrictEqual(events, [
        ["Start", 1_000],
        ["TextDelta", 1_000],
        ["TextDelta", 3_000],
        ["Usage", 3_000],
        ["Finish", 3_000]
      ])
    })
  )

  it.effect("emits an event at least every ten seconds", () =>
    Effect.gen(function* () {
      const { events, tag } = yield* attemptAt(0, [], { isStream: true, outputTokens: 6_000 })
      assert.strictEqual(tag, "Success")
      const gaps = events.slice(1).map(([, at], index) => at - (events[index]?.[1] ?? 0))
      assert.strictEqual(Math.max(...gaps), 10_000)
      assert.strictEqual(events.at(-1)?.[1], 61_000)
    })
  )

  it.effect("refuses connections from the first to the last millisecond of an outage", () =>
    Effect.gen(function* () {
      const at = (moment: number) => Effect.map(attemptAt(moment, outage("refuse")), ({ tag }) => tag)
      assert.strictEqual(yield* at(10_000), "ConnectionRefusedError")
      assert.strictEqual(yield* at(14_999), "ConnectionRefusedError")
      assert.strictEqual(yield* at(15_000), "Success")
      assert.strictEqual(yield* at(7_000), "Success")
    })
  )

  it.effect("bills nothing for an attempt that hangs in an outage", () =>
    Effect.gen(function* () {
      const { billed, tag } = yield* attemptAt(12_000, outage("hang"))
      assert.strictEqual(tag, "Pending")
      assert.deepInclude(billed, { outcome: "Interrupted", promptTokens: 0, outputTokens: 0 })
    })
  )

  it.effect("bills nothing for a stream that an outage interrupts before its first token", () =>
    Effect.gen(function* () {
      const before = yield* attemptAt(9_500, outage("refuse"), { isStream: true })
      assert.deepStrictEqual([before.tag, before.after, before.events], ["ConnectionLostError", 500, []])
      assert.deepInclude(before.billed, { promptTokens: 0, outputTokens: 0 })
    })
  )

  it.effect("bills what was generated of a stream that an outage interrupts", () =>
    Effect.gen(function* () {
      const during = yield* attemptAt(8_500, outage("refuse"), { isStream: true })
      assert.deepStrictEqual([during.tag, during.after], ["StreamInterruptedError", 1_500])
      assert.strictEqual(during.billed?.outcome, "StreamInterruptedError")
      assert.strictEqual(during.billed?.outputTokens, 50)
      assert.isAbove(during.billed?.promptTokens ?? 0, 0)
    })
  )

  it.effect("loses the connection of a completion that an outage interrupts", () =>
    Effect.gen(function* () {
      const whole = yield* attemptAt(8_500, outage("refuse"))
      assert.deepStrictEqual([whole.tag, whole.after], ["ConnectionLostError", 1_500])
    })
  )

  it.effect("stalls a stream when an outage hangs", () =>
    Effect.gen(function* () {
      const unstarted = yield* attemptAt(9_500, outage("hang"), { isStream: true })
      assert.deepStrictEqual([unstarted.tag, unstarted.events], ["Pending", []])
      const started = yield* attemptAt(8_500, outage("hang"), { isStream: true })
      assert.deepStrictEqual([started.tag, started.events.map(([, at]) => at)], ["Pending", [9_500, 9_500]])
    })
  )

  it.effect("multiplies the slowdowns of all periods", () =>
    Effect.gen(function* () {
      const faults = [
        FaultScript.SlowPeriod({ after: 0, duration: "1 minute", slowdown: 2 }),
        FaultScript.BrownOut({ after: 0, duration: "1 minute", slowdown: 1.5, failureRate: 0 })
      ]
      const { after } = yield* attemptAt("1 second", faults)
      assert.strictEqual(after, 9_000)
      assert.strictEqual((yield* attemptAt("60 seconds", faults)).after, 3_000)
    })
  )

  it.effect("rejects with 429 in a storm", () =>
    Effect.gen(function* () {
      const faults = [
        FaultScript.RateLimitStorm({ after: 0, duration: "1 minute", rejectionRate: 1, retryAfter: "7 seconds" })
      ]
      const { after, tag } = yield* attemptAt("1 second", faults)
      assert.deepStrictEqual([tag, after], ["RateLimitError", 50])
    })
  )

  it.effect("has the wait of the script in the 429s of a storm", () =>
    Effect.gen(function* () {
      const faults = [
        FaultScript.RateLimitStorm({ after: 0, duration: "1 minute", rejectionRate: 1, retryAfter: "7 seconds" })
      ]
      const error = yield* VirtualHost.make(steady, faults).pipe(
        Effect.flatMap(({ transport }) => Effect.flip(transport.chat(request))),
        (program) => runVirtual(0, program)
      )
      assert.deepStrictEqual(error.retryAfter, Duration.seconds(7))
    })
  )

  for (const [tag, after] of [
    ["ServerError", 1_000],
    ["ServiceUnavailableError", 50],
    ["OverloadedError", 50],
    ["ConnectionLostError", 1_000]
  ] as const) {
    it.effect(`fails at random with ${tag}`, () =>
      Effect.gen(function* () {
        const host = { failureRate: 1, failures: { [tag]: 1 } }
        const failed = yield* attemptAt(0, [], { host })
        assert.deepStrictEqual([failed.tag, failed.after, failed.billed?.outcome], [tag, after, tag])
        const stream = yield* attemptAt(0, [], { host, isStream: true })
        assert.deepStrictEqual([stream.tag, stream.after, stream.events], [tag, after, []])
      })
    )
  }

  it.effect("fails at its failure rate, or that of a brown-out", () =>
    Effect.gen(function* () {
      const program = Effect.gen(function* () {
        const faults = [FaultScript.BrownOut({ after: "1 day", duration: "1 day", slowdown: 1, failureRate: 0.6 })]
        const { transport } = yield* VirtualHost.make({ failureRate: 0.3 }, faults)
        const ratio = Effect.map(
          Effect.forEach(Array.from({ length: 2_000 }), () => Effect.exit(transport.chat(request)), {
            concurrency: "unbounded"
          }),
          (exits) => exits.filter(Exit.isFailure).length / 2_000
        )
        const usual = yield* ratio
        yield* Effect.sleep("1 day")
        return [usual, yield* ratio]
      })
      const [usual = 0, brown = 0] = yield* runVirtual(0, program)
      // Four standard deviations of 2,000 draws.
      assert.closeTo(usual, 0.3, 0.041)
      assert.closeTo(brown, 0.6, 0.044)
    }).pipe(Random.withSeed(1))
  )
})
