import { assert, describe, it } from "@effect/vitest"
import { DateTime, Duration, Effect, Fiber, Logger, References } from "effect"
import { TestClock } from "effect/testing"
import { classes } from "../../../../src/errors/KimiError.ts"
import { jumps, withWallClock } from "../../../../../../test/support/wallClock.ts"
import * as HealthCheck from "../../../../src/observability/internal/health/HealthCheck.ts"
import { component, type Component, ill, poor, well } from "../../support/health.ts"

const secret = "sk-secret-0123456789"
const options = { timeout: Duration.seconds(5), failureThreshold: 3 }

const quiet = Effect.provide(Logger.layer([]))

const make = (part: Component, given = options) => Effect.map(HealthCheck.make(part, given), quiet)

const serverError = new classes.ServerError({ message: `broken ${secret}`, status: 500 })
const wrongKey = new classes.AuthenticationError({ message: `wrong ${secret}`, status: 401 })

const millisOf = (at: DateTime.Utc | undefined) => (at === undefined ? undefined : DateTime.toEpochMillis(at))

describe("the check of a component", () => {
  it.effect("returns the result with its measurements", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(1_000)
      const part = component({ account: "a", role: "required", details: { url: "u" } })
      const run = yield* make(part)
      part.next = Effect.as(Effect.sleep("300 millis"), { ...well, details: { models: 3 } })
      const fiber = yield* Effect.forkChild(run)
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

  for (const [name, jump] of jumps) {
    it.effect(`returns its latency when the clock is set ${name}`, () =>
      withWallClock((set) =>
        Effect.gen(function* () {
          const part = component()
          const run = yield* make(part)
          part.next = Effect.as(
            Effect.andThen(
              Effect.sync(() => set(jump)),
              Effect.sleep("300 millis")
            ),
            well
          )
          const fiber = yield* Effect.forkChild(run)
          yield* TestClock.adjust("300 millis")
          assert.strictEqual((yield* Fiber.join(fiber)).latencyMillis, 300)
        })
      )
    )

    it.effect(`uses a result again for its time when the clock is set ${name}`, () =>
      withWallClock((set) =>
        Effect.gen(function* () {
          const part = component({ timeToLive: "1 minute" })
          const run = yield* make(part)
          yield* run
          set(jump)
          yield* TestClock.adjust("59999 millis")
          yield* run
          assert.strictEqual(part.runs(), 1)
          yield* TestClock.adjust("1 millis")
          yield* run
          assert.strictEqual(part.runs(), 2)
        })
      )
    )
  }

  it.effect("keeps the start of a status while it lasts", () =>
    Effect.gen(function* () {
      const part = component()
      const run = yield* make(part)
      const start = Effect.map(run, ({ since, status }) => [status, millisOf(since)])
      part.next = Effect.succeed(ill)
      assert.deepStrictEqual(yield* start, ["unhealthy", 0])
      yield* TestClock.adjust("1 second")
      part.next = Effect.succeed(poor)
      assert.deepStrictEqual(yield* start, ["degraded", 1_000])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* start, ["degraded", 1_000])
      yield* TestClock.adjust("1 second")
      part.next = Effect.succeed(ill)
      assert.deepStrictEqual(yield* start, ["unhealthy", 3_000])
    })
  )

  it.effect("keeps the time of the last success, which may be degraded", () =>
    Effect.gen(function* () {
      const part = component()
      const run = yield* make(part)
      const lastSuccess = Effect.map(run, (found) => millisOf(found.lastSuccess))
      part.next = Effect.succeed(ill)
      assert.isUndefined(yield* lastSuccess)
      part.next = Effect.succeed(poor)
      for (const now of [1_000, 2_000]) {
        yield* TestClock.adjust("1 second")
        assert.strictEqual(yield* lastSuccess, now)
      }
      yield* TestClock.adjust("1 second")
      part.next = Effect.succeed(ill)
      assert.strictEqual(yield* lastSuccess, 2_000)
    })
  )

  it.effect("uses the role of the result before its own", () =>
    Effect.gen(function* () {
      const part = component()
      const run = yield* make(part)
      assert.strictEqual((yield* run).role, "supporting")
      part.next = Effect.succeed({ ...ill, role: "required" })
      assert.strictEqual((yield* run).role, "required")
      part.next = Effect.succeed(well)
      assert.strictEqual((yield* run).role, "supporting")
    })
  )
})

describe("a check that fails", () => {
  it.effect("describes an error by its facts, without any of its texts", () =>
    Effect.gen(function* () {
      const run = yield* make(component({ check: Effect.fail(wrongKey) }))
      const found = yield* run
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
    ["its interruption", Effect.interrupt],
    ["an invalid result", Effect.succeed({ status: secret, code: "", message: 1 } as never)],
    ["details that are not JSON", Effect.succeed({ ...well, details: { a: Number.NaN } })],
    ["nothing", Effect.succeed(undefined as never)]
  ] as const) {
    it.effect(`hides the reason: ${what}`, () =>
      Effect.gen(function* () {
        const found = yield* yield* make(component({ check: broken }))
        assert.deepInclude(found, { status: "unhealthy", code: "Failed" })
        assert.notInclude(JSON.stringify(found), secret)
      })
    )
  }

  it.effect("times out exactly", () =>
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

  it.effect("has the timeout of its check", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(yield* make(component({ check: Effect.never, timeout: "10 millis" })))
      yield* TestClock.adjust("10 millis")
      assert.strictEqual((yield* Fiber.join(fiber)).code, "Timeout")
    })
  )

  it.effect("is not started again while an uninterruptible one runs", () =>
    Effect.gen(function* () {
      const part = component()
      part.next = Effect.uninterruptible(Effect.as(Effect.sleep("1 minute"), well))
      const run = yield* make(part)
      const fiber = yield* Effect.forkChild(run)
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual((yield* Fiber.join(fiber)).code, "Timeout")
      for (let again = 0; again < 10; again++) assert.deepInclude(yield* run, { code: "Timeout", latencyMillis: 0 })
      assert.strictEqual(part.runs(), 1)
      yield* TestClock.adjust("55 seconds")
      part.next = Effect.succeed(well)
      assert.strictEqual((yield* run).status, "healthy")
      assert.strictEqual(part.runs(), 2)
    })
  )
})

describe("a component with occasional failures", () => {
  const statuses = Effect.fnUntraced(function* (script: string, error: unknown = serverError) {
    const part = component()
    const run = yield* make(part)
    const found: Array<string> = []
    for (const sign of script) {
      part.next = sign === "+" ? Effect.succeed(well) : Effect.fail(error)
      found.push((yield* run).status[0] ?? "")
      yield* TestClock.adjust("1 second")
    }
    return found.join("")
  })

  it.effect("is degraded until the failure threshold", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* statuses("+---+--+---"), "hdduhddhddu")
    })
  )

  it.effect("does not become unhealthy by flapping", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* statuses("+-+-+-+-+-"), "hdhdhdhdhd")
    })
  )

  it.effect("is unhealthy from the start if it was never healthy", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* statuses("--+-"), "uuhd")
    })
  )

  it.effect("is unhealthy at once for an error that needs a person", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* statuses("+-+", wrongKey), "huh")
      assert.strictEqual(yield* statuses("+-+", new classes.QuotaExceededError({ message: "empty" })), "huh")
    })
  )

  it.effect("is degraded first for any transient error", () =>
    Effect.gen(function* () {
      const circuit = new classes.CircuitOpenError({ message: "open", key: "k", state: "open" })
      const late = new classes.DeadlineExceededError({ message: "late", timeout: Duration.seconds(1) })
      for (const error of [circuit, late, new Error("unknown")]) {
        assert.strictEqual(yield* statuses("+---", error), "hddu", String(error))
      }
    })
  )

  it.effect("keeps the time of the last success while it is degraded", () =>
    Effect.gen(function* () {
      const part = component()
      const run = yield* make(part)
      yield* run
      yield* TestClock.adjust("1 second")
      part.next = Effect.fail(serverError)
      const found = yield* run
      assert.strictEqual(found.status, "degraded")
      assert.strictEqual(millisOf(found.lastSuccess), 0)
    })
  )
})

describe("an expensive check", () => {
  it.effect("is cached for its time to live", () =>
    Effect.gen(function* () {
      const part = component({ timeToLive: "1 minute" })
      const run = yield* make(part)
      const first = yield* run
      yield* TestClock.adjust("59999 millis")
      part.next = Effect.succeed(ill)
      assert.strictEqual(yield* run, first)
      yield* TestClock.adjust("1 millis")
      assert.strictEqual((yield* run).status, "unhealthy")
      assert.strictEqual(part.runs(), 2)
      yield* run
      assert.strictEqual(part.runs(), 2)
    })
  )
})

describe("the log of checks", () => {
  it.effect("has one line for every change of status", () =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      const logger = Logger.make<unknown, void>(({ logLevel, message }) => {
        lines.push(`${logLevel} ${String(message)}`)
      })
      const part = component({ account: "a" })
      const run = yield* HealthCheck.make(part, options)
      yield* Effect.gen(function* () {
        for (const found of [well, well, poor, poor, ill, ill, well]) {
          part.next = Effect.succeed(found)
          yield* run
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
