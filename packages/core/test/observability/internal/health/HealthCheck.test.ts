import { assert, describe, it } from "@effect/vitest"
import { DateTime, Duration, Effect, Fiber, Logger, References } from "effect"
import { TestClock } from "effect/testing"
import { classes } from "../../../../src/errors/KimiError.ts"
import * as HealthCheck from "../../../../src/observability/internal/health/HealthCheck.ts"
import { component, type Component, ill, poor, well } from "../../support/health.ts"

const secret = "sk-secret-0123456789"
const options = { timeout: Duration.seconds(5), failureThreshold: 3 }

const quiet = Effect.provide(Logger.layer([]))

const make = (part: Component, given = options) => Effect.map(HealthCheck.make(part, given), quiet)

const serverError = new classes.ServerError({ message: `broken ${secret}`, status: 500 })
const wrongKey = new classes.AuthenticationError({ message: `wrong ${secret}`, status: 401 })

const millisOf = (at: DateTime.Utc | undefined) => (at === undefined ? undefined : DateTime.toEpochMillis(at))

describe("a look at a component", () => {
  it.effect("tells what it found, how long it took, and since when", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(1_000)
      const part = component({ account: "a", role: "required", details: { url: "u" } })
      const look = yield* make(part)
      part.next = Effect.as(Effect.sleep("300 millis"), { ...well, details: { models: 3 } })
      const fiber = yield* Effect.forkChild(look)
      yield* TestClock.adjust("300 millis")
      const { checkedAt, lastSuccess, since, ...rest } = yield* Fiber.join(fiber)
      assert.deepStrictEqual(rest, {
        name: "part",
        account: "a",
        role: "required",
        status: "healthy",
        code: "Ok",
        message: "It is well.",
        details: { url: "u", models: 3 },
        latencyMillis: 300
      })
      assert.deepStrictEqual([checkedAt, lastSuccess, since].map(millisOf), [1_000, 1_000, 1_000])
    })
  )

  it.effect("keeps since when a status holds, and when it was last well", () =>
    Effect.gen(function* () {
      const part = component()
      const look = yield* make(part)
      const times = Effect.map(look, ({ lastSuccess, since, status }) => [
        status,
        millisOf(since),
        millisOf(lastSuccess)
      ])
      part.next = Effect.succeed(ill)
      assert.deepStrictEqual(yield* times, ["unhealthy", 0, undefined])
      yield* TestClock.adjust("1 second")
      part.next = Effect.succeed(poor)
      assert.deepStrictEqual(yield* times, ["degraded", 1_000, 1_000])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* times, ["degraded", 1_000, 2_000])
      yield* TestClock.adjust("1 second")
      part.next = Effect.succeed(ill)
      assert.deepStrictEqual(yield* times, ["unhealthy", 3_000, 2_000])
    })
  )

  it.effect("takes its own role, that of the finding first", () =>
    Effect.gen(function* () {
      const part = component()
      const look = yield* make(part)
      assert.strictEqual((yield* look).role, "supporting")
      part.next = Effect.succeed({ ...ill, role: "required" })
      assert.strictEqual((yield* look).role, "required")
      part.next = Effect.succeed(well)
      assert.strictEqual((yield* look).role, "supporting")
    })
  )
})

describe("a look that fails", () => {
  it.effect("gives the tag, the hint and the status of an error, and none of its texts", () =>
    Effect.gen(function* () {
      const look = yield* make(component({ check: Effect.fail(wrongKey) }))
      const found = yield* look
      assert.strictEqual(found.status, "unhealthy")
      assert.strictEqual(found.code, "AuthenticationError")
      assert.strictEqual(found.message, wrongKey.hint)
      assert.deepStrictEqual(found.details, { category: "authentication", httpStatus: 401 })
      assert.notInclude(JSON.stringify(found), secret)
    })
  )

  for (const [what, broken] of [
    ["another error", Effect.fail({ message: secret })],
    ["a defect", Effect.die(new Error(secret))],
    ["an interrupt of its own", Effect.interrupt],
    ["something that is no finding", Effect.succeed({ status: secret, code: "", message: 1 } as never)],
    ["details that no JSON can hold", Effect.succeed({ ...well, details: { a: Number.NaN } })],
    ["nothing", Effect.succeed(undefined as never)]
  ] as const) {
    it.effect(`says only that it failed: ${what}`, () =>
      Effect.gen(function* () {
        const found = yield* yield* make(component({ check: broken }))
        assert.deepInclude(found, { status: "unhealthy", code: "Failed" })
        assert.notInclude(JSON.stringify(found), secret)
      })
    )
  }

  it.effect("is given up after its time, to the millisecond", () =>
    Effect.gen(function* () {
      const part = component({ check: Effect.never })
      const fiber = yield* Effect.forkChild(yield* make(part))
      yield* TestClock.adjust("4999 millis")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      const found = yield* Fiber.join(fiber)
      assert.deepInclude(found, { status: "unhealthy", code: "Timeout", latencyMillis: 5_000 })
      assert.strictEqual(part.interrupted(), 1)
    })
  )

  it.effect("is given the time of its check", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(yield* make(component({ check: Effect.never, timeout: "10 millis" })))
      yield* TestClock.adjust("10 millis")
      assert.strictEqual((yield* Fiber.join(fiber)).code, "Timeout")
    })
  )

  it.effect("is left behind if it cannot be interrupted, and not begun again before it has ended", () =>
    Effect.gen(function* () {
      const part = component()
      part.next = Effect.uninterruptible(Effect.as(Effect.sleep("1 minute"), well))
      const look = yield* make(part)
      const fiber = yield* Effect.forkChild(look)
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual((yield* Fiber.join(fiber)).code, "Timeout")
      for (let again = 0; again < 10; again++) assert.deepInclude(yield* look, { code: "Timeout", latencyMillis: 0 })
      assert.strictEqual(part.looks(), 1)
      yield* TestClock.adjust("55 seconds")
      part.next = Effect.succeed(well)
      assert.strictEqual((yield* look).status, "healthy")
      assert.strictEqual(part.looks(), 2)
    })
  )
})

describe("a component that fails now and then", () => {
  const statuses = Effect.fnUntraced(function* (script: string, error: unknown = serverError) {
    const part = component()
    const look = yield* make(part)
    const found: Array<string> = []
    for (const sign of script) {
      part.next = sign === "+" ? Effect.succeed(well) : Effect.fail(error)
      found.push((yield* look).status[0] ?? "")
      yield* TestClock.adjust("1 second")
    }
    return found.join("")
  })

  it.effect("is degraded until it failed often enough in a row, and healthy at the first success", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* statuses("+---+--+---"), "hdduhddhddu")
    })
  )

  it.effect("never becomes unhealthy by flapping", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* statuses("+-+-+-+-+-"), "hdhdhdhdhd")
    })
  )

  it.effect("is unhealthy from the start if it was never well", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* statuses("--+-"), "uuhd")
    })
  )

  it.effect("is unhealthy at once if somebody has to do something about it", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* statuses("+-+", wrongKey), "huh")
      assert.strictEqual(yield* statuses("+-+", new classes.QuotaExceededError({ message: "empty" })), "huh")
    })
  )

  it.effect("is given time for whatever else may pass", () =>
    Effect.gen(function* () {
      const circuit = new classes.CircuitOpenError({ message: "open", key: "k", state: "open" })
      const late = new classes.DeadlineExceededError({ message: "late", timeout: Duration.seconds(1) })
      for (const error of [circuit, late, new Error("unknown")]) {
        assert.strictEqual(yield* statuses("+---", error), "hddu", String(error))
      }
    })
  )

  it.effect("keeps when it was last well while it is given time", () =>
    Effect.gen(function* () {
      const part = component()
      const look = yield* make(part)
      yield* look
      yield* TestClock.adjust("1 second")
      part.next = Effect.fail(serverError)
      const found = yield* look
      assert.strictEqual(found.status, "degraded")
      assert.strictEqual(millisOf(found.lastSuccess), 0)
    })
  )
})

describe("a look that costs something", () => {
  it.effect("holds for its time, whatever it found", () =>
    Effect.gen(function* () {
      const part = component({ timeToLive: "1 minute" })
      const look = yield* make(part)
      const first = yield* look
      yield* TestClock.adjust("59999 millis")
      part.next = Effect.succeed(ill)
      assert.strictEqual(yield* look, first)
      yield* TestClock.adjust("1 millis")
      assert.strictEqual((yield* look).status, "unhealthy")
      assert.strictEqual(part.looks(), 2)
      yield* look
      assert.strictEqual(part.looks(), 2)
    })
  )
})

describe("the log", () => {
  it.effect("has a line for every change of status and no other", () =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      const logger = Logger.make<unknown, void>(({ logLevel, message }) => {
        lines.push(`${logLevel} ${String(message)}`)
      })
      const part = component({ account: "a" })
      const look = yield* HealthCheck.make(part, options)
      yield* Effect.gen(function* () {
        for (const found of [well, well, poor, poor, ill, ill, well]) {
          part.next = Effect.succeed(found)
          yield* look
        }
      }).pipe(Effect.provide(Logger.layer([logger])), Effect.provideService(References.MinimumLogLevel, "Trace"))
      assert.deepStrictEqual(lines, [
        "Warn part of a is degraded (Poor): It is poor.",
        "Warn part of a is unhealthy (Ill): It is ill.",
        "Info part of a is healthy (Ok): It is well."
      ])
    })
  )
})
