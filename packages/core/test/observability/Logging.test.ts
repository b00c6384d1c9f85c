import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Console, Duration, Effect, Layer, Logger, Redacted, Tracer } from "effect"
import { TestClock } from "effect/testing"
import { RateLimitError } from "../../src/errors/RateLimitErrors.ts"
import * as Logging from "../../src/observability/Logging.ts"
import { lineOf, linesOf, parse } from "./support/lines.ts"

const start = Date.UTC(2026, 10, 26, 2, 30)
const parent = Tracer.externalSpan({ traceId: "a".repeat(32), spanId: "b".repeat(16) })

describe("Logging", () => {
  it.effect("writes one JSON line with all fields of an event", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(start)
      const line = yield* lineOf(
        Effect.gen(function* () {
          yield* TestClock.adjust("250 millis")
          yield* Effect.logWarning("the host is slow", { after: 3 })
        }).pipe(
          Effect.withLogSpan("job"),
          Effect.annotateLogs({ tenant: "acme", key: Redacted.make("secret") }),
          Effect.withParentSpan(parent)
        )
      )
      const { fiberId, ...rest } = line
      assert.match(String(fiberId), /^#\d+$/)
      assert.deepStrictEqual(rest, {
        timestamp: "2026-11-26T02:30:00.250Z",
        level: "WARN",
        trace_id: parent.traceId,
        span_id: parent.spanId,
        message: ["the host is slow", { after: 3 }],
        annotations: { tenant: "acme", key: "<redacted>" },
        spans: { job: 250 }
      })
    })
  )

  it.effect("has the ids of the current span", () =>
    Effect.gen(function* () {
      let ids: object = {}
      const line = yield* lineOf(
        Effect.gen(function* () {
          const span = yield* Effect.currentSpan
          ids = { trace_id: span.traceId, span_id: span.spanId }
          yield* Effect.log("inside")
        }).pipe(Effect.withSpan("outer"))
      )
      assert.include(line, ids)
    })
  )

  it.effect("logs other errors without their message", () =>
    Effect.gen(function* () {
      const line = yield* lineOf(Effect.logError(new TypeError("bad", { cause: new RangeError("why") })))
      const other = line["message"] as Record<string, unknown>
      assert.deepStrictEqual([other["type"], "message" in other], ["TypeError", false])
      assert.match(String((other["stack"] as Array<string>)[0]), /^at .*Logging\.test\.ts:\d+:\d+\)?$/)
      const cause = other["cause"] as Record<string, unknown>
      assert.deepStrictEqual([cause["type"], "message" in cause], ["RangeError", false])
    })
  )

  it.effect("logs errors of the library in full", () =>
    Effect.gen(function* () {
      const own = new RateLimitError({
        message: "too fast",
        provider: "moonshot",
        requestId: "r1",
        retryAfter: Duration.seconds(3),
        kind: "requests per minute"
      })
      const line = yield* lineOf(Effect.fail(own).pipe(Effect.catchCause((cause) => Effect.logError("failed", cause))))
      assert.strictEqual(line["message"], "failed")
      assert.deepStrictEqual(line["cause"], [
        {
          reason: "fail",
          error: {
            _tag: "RateLimitError",
            message: "too fast",
            provider: "moonshot",
            requestId: "r1",
            retryAfter: "3s",
            kind: "requests per minute",
            hint: own.hint,
            category: "rate limit",
            severity: "info"
          }
        }
      ])
    })
  )

  it.effect("logs the messages of all errors if configured", () =>
    Effect.gen(function* () {
      const line = yield* lineOf(Effect.logError(new Error("outer", { cause: "inner" })), { errorMessages: "all" })
      const { stack: _, ...rest } = line["message"] as Record<string, unknown>
      assert.deepStrictEqual(rest, { type: "Error", message: "outer", cause: { type: "string", value: "inner" } })
    })
  )

  it.effect("hides content fields, or the configured ones", () =>
    Effect.gen(function* () {
      const value = { model: "kimi-k3", messages: [{ role: "user", content: "hello" }], "Api-Key": "hello" }
      const usual = yield* lineOf(Effect.log(value))
      assert.deepStrictEqual(usual["message"], { model: "kimi-k3", messages: "<hidden>", "Api-Key": "<hidden>" })
      const other = yield* lineOf(Effect.log(value), { hiddenFields: ["model"] })
      assert.deepStrictEqual(other["message"], {
        model: "<hidden>",
        messages: [{ role: "user", content: "hello" }],
        "Api-Key": "<hidden>"
      })
    })
  )

  it.effect("limits the length of every line in bytes", () =>
    Effect.gen(function* () {
      const texts = ["a", "\u0001", "漢", "\u{1f600}", "\ud800", '"'].map((text) => text.repeat(100_000))
      for (const maxLineBytes of [1_024, 2_000, 16_384]) {
        for (const text of texts) {
          const program = Effect.log(
            text,
            { text: text, [text]: [text, text] },
            Array.from({ length: 500 }, () => text)
          )
          const [line = ""] = yield* linesOf(
            program.pipe(Effect.annotateLogs({ [text]: text }), Effect.withLogSpan(text)),
            { maxLineBytes }
          )
          parse(line)
          assert.isAtMost(Buffer.byteLength(line), maxLineBytes)
        }
      }
    })
  )

  it.effect("marks a shortened line", () =>
    Effect.gen(function* () {
      const line = yield* lineOf(
        Effect.log(
          "cut",
          Array.from({ length: 40 }, () => "x".repeat(100))
        ),
        { maxLineBytes: 1_024 }
      )
      assert.strictEqual(line["truncated"], true)
      assert.include(line["message"] as Array<unknown>, "cut")
    })
  )

  it.effect("ignores exceptions of the sink", () =>
    Effect.gen(function* () {
      let calls = 0
      const logger = Logging.make("json", {
        write: () => {
          calls += 1
          throw new Error("no room")
        }
      })
      yield* Effect.provide(Effect.log("hello"), Logger.layer([logger]))
      assert.strictEqual(calls, 1)
    })
  )

  it.effect("formats lines for Effect's batched logger", () =>
    Effect.gen(function* () {
      const batches: Array<ReadonlyArray<string>> = []
      yield* Effect.scoped(
        Effect.gen(function* () {
          const flush = (lines: ReadonlyArray<string>) => Effect.sync(() => void batches.push(lines))
          const logger = yield* Logger.batched(Logging.format("json"), { window: "1 second", flush })
          yield* Effect.provide(Effect.andThen(Effect.log("one"), Effect.log("two")), Logger.layer([logger]))
        })
      )
      assert.deepStrictEqual(
        batches.map((lines) => lines.map((line) => parse(line)["message"])),
        [["one", "two"]]
      )
    })
  )
})

const run = (env: Record<string, string>, options: Logging.Options = {}) =>
  Effect.gen(function* () {
    const out: Array<string> = []
    const err: Array<string> = []
    const console: Console.Console = {
      ...globalThis.console,
      log: (line: string) => void out.push(line),
      error: (line: string) => void err.push(line)
    }
    yield* Effect.all([
      Effect.logDebug("debug"),
      Effect.logInfo("info"),
      Effect.logError(`error ${env["KIMI_API_KEY"]}`)
    ]).pipe(
      Effect.provide(Layer.provide(Logging.layer(options), ConfigProvider.layer(ConfigProvider.fromEnv({ env })))),
      Effect.provideService(Console.Console, console)
    )
    return { out, err }
  })

describe("Logging.layer", () => {
  it.effect("logs JSON from the level INFO by default", () =>
    Effect.gen(function* () {
      const usual = yield* run({})
      assert.deepStrictEqual(
        usual.out.map((line) => parse(line)["level"]),
        ["INFO", "ERROR"]
      )
    })
  )

  it.effect("reads the format from the configuration", () =>
    Effect.gen(function* () {
      const { out } = yield* run({ KIMI_LOG_LEVEL: "ERROR", KIMI_LOG_FORMAT: "pretty" })
      assert.match(out[0] ?? "", /^\d\d:\d\d:\d\d\.\d{3} ERROR error undefined$/)
    })
  )

  it.effect("reads the level from the configuration", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* run({ KIMI_LOG_LEVEL: "ERROR" })).out.length, 1)
      assert.strictEqual((yield* run({ KIMI_LOG_LEVEL: "debug" })).out.length, 3)
      assert.strictEqual((yield* run({ KIMI_LOG_LEVEL: "none" })).out.length, 0)
    })
  )

  it.effect("is pretty in a terminal, unless code or configuration set the format", () =>
    Effect.gen(function* () {
      const isPretty = ({ out }: { readonly out: ReadonlyArray<string> }) => !out[0]?.startsWith("{")
      assert.isTrue(isPretty(yield* run({}, { isTerminal: true })))
      assert.isFalse(isPretty(yield* run({}, { isTerminal: false })))
      assert.isFalse(isPretty(yield* run({ KIMI_LOG_FORMAT: "json" }, { isTerminal: true })))
      assert.isTrue(isPretty(yield* run({ KIMI_LOG_FORMAT: "json" }, { format: "pretty" })))
    })
  )

  it.effect("calls a level function for every event", () =>
    Effect.gen(function* () {
      let asked = 0
      const { out } = yield* run({ KIMI_LOG_LEVEL: "none" }, { level: () => (++asked === 1 ? "Debug" : "Error") })
      assert.deepStrictEqual([asked, ...out.map((line) => parse(line)["message"])], [3, "debug", "error undefined"])
    })
  )

  it.effect("redacts the configured key even if it does not look like one", () =>
    Effect.gen(function* () {
      const { out } = yield* run({ KIMI_API_KEY: "a key without form" })
      assert.strictEqual(parse(out.at(-1) ?? "")["message"], "error <redacted>")
    })
  )

  it.effect("reports all invalid settings together", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(run({ KIMI_LOG_LEVEL: "loud", KIMI_LOG_FORMAT: "xml" }))
      assert.deepStrictEqual(
        error.issues.map(({ name }) => name),
        ["KIMI_LOG_LEVEL", "KIMI_LOG_FORMAT"]
      )
      assert.notMatch(error.message, /loud|xml/)
    })
  )

  it.effect("writes to stderr if configured", () =>
    Effect.gen(function* () {
      const { err, out } = yield* Effect.provideService(run({}), Logger.LogToStderr, true)
      assert.deepStrictEqual([out.length, err.length], [0, 2])
    })
  )

  it.effect("keeps existing loggers if configured", () =>
    Effect.gen(function* () {
      const received: Array<unknown> = []
      const outer = Logger.layer([Logger.make(({ message }) => received.push(message))])
      yield* Effect.provide(run({}), outer)
      assert.strictEqual(received.length, 0)
      yield* Effect.provide(run({}, { mergeWithExisting: true }), outer)
      assert.strictEqual(received.length, 2)
    })
  )
})
