/** Stages that the configuration turns on, over real sockets. */
import { readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { ErrorReply } from "@kimi-effect/testing"
import { MockServer } from "@kimi-effect/testing/node"
import { Duration, Effect, Logger, Stream } from "effect"
import { connect, countRequests, other, small, used } from "./support/configured.ts"
import { folder } from "./support/files.ts"

describe("KimiNode.layerConfig", () => {
  it.live("configures every stage from the environment", () =>
    Effect.gen(function* () {
      const path = yield* folder
      const server = yield* MockServer.make()
      yield* server.replyAlways(used)
      const lines: Array<string> = []
      const logger = Logger.make(({ message }) => void lines.push(String(message)))
      const kimi = yield* connect(server, {
        KIMI_DEADLINE: "50 seconds",
        KIMI_CACHE: `sqlite:${path}/cache.db`,
        KIMI_CACHE_TIME_TO_LIVE: "1 hour",
        KIMI_CACHE_MAX_ENTRIES: "7",
        KIMI_BUDGET: "0.003 USD per day; 0.002 CNY per tenant:acme",
        KIMI_BUDGET_STORE: `sqlite:${path}/budget.db`,
        KIMI_BUDGET_ON_UNKNOWN_PRICE: "allow",
        KIMI_RECOVERY: "continue",
        KIMI_MAX_RECOVERIES: "2",
        KIMI_FALLBACK: "kimi-k2.6",
        KIMI_HEDGE_DELAY: "5 seconds",
        KIMI_HEDGE_RATIO: "0.1",
        KIMI_MAX_ATTEMPTS: "2",
        KIMI_RETRY_BUDGET_CAPACITY: "50",
        KIMI_BREAKER_FAILURES: "3",
        KIMI_BREAKER_FAILURE_RATE: "0.5",
        KIMI_BREAKER_WINDOW: "40 calls",
        KIMI_TIER: "2",
        KIMI_ADMISSION_MAX_QUEUE: "9",
        KIMI_TOTAL_TIMEOUT: "3 minutes",
        KIMI_TELEMETRY: "on",
        KIMI_CALL_LOG: "on",
        KIMI_AUDIT_LOG: `${path}/audit.jsonl`,
        KIMI_AUDIT_DURABILITY: "written",
        KIMI_HEALTH_BALANCE_WARNING: "1000000"
      })
      assert.strictEqual(
        kimi.describe(),
        [
          "deadline: deadline 50s",
          "cache: time to live 1h, memory 67108864 bytes, 7 entries, replay immediate",
          "budget: caps 0.003 USD per day; 0.002 CNY per tenant:acme, unknown price allow, store error refuse",
          "recovery: mode continue, recoveries 2",
          "fallback: 1 moonshot/kimi-k2.6",
          "hedge: after 5s, budget 0.1 of calls and 10 at once",
          "retry: attempts 2, delays 1ms to 30s, jitter full, ambiguous 2, elapsed 20m, budget 50 tokens, 5 a retry or 10",
          "breaker: by account and model, opens after 3 failures in a row, failure rate 50 % of 20 or more calls in the latest 40, probes 1 at a time for 30s, closes after 1 successful, open for at most 5m",
          "admission: concurrency 100, requestsPerMinute 500, tokensPerMinute 3000000, max wait 2m, max queue 9",
          "accounting: usage recorded",
          "timeout: connect 10s, first token 2m, idle 1m, total 3m"
        ].join("\n")
      )

      yield* Effect.gen(function* () {
        assert.strictEqual((yield* kimi.chat(small)).cached?.level, undefined)
        assert.strictEqual((yield* kimi.chat(small)).cached?.level, "memory")
        yield* Stream.runDrain(kimi.stream(other))
        const refused = yield* Effect.flip(kimi.chat({ ...small, max_completion_tokens: 101 }))
        assert.strictEqual(refused._tag, "BudgetExceededError")
      }).pipe(Effect.provide(Logger.layer([logger])))

      assert.strictEqual(yield* countRequests(server), 2)
      const { performance } = yield* kimi.metrics
      assert.deepStrictEqual(performance?.requests, { ok: 3, BudgetExceededError: 1 })
      const audit = readFileSync(`${path}/audit.jsonl`, "utf8").trim().split("\n")
      assert.strictEqual(audit.length, 4)
      assert.deepStrictEqual(lines, [
        "chat succeeded",
        "chat succeeded",
        "stream succeeded",
        "chat failed: BudgetExceededError"
      ])
      const { components } = yield* kimi.health
      assert.include(
        components.map(({ name, status }) => `${name}: ${status}`),
        "balance: degraded"
      )
    })
  )

  it.live("builds no stage that is not configured", () =>
    Effect.gen(function* () {
      const server = yield* MockServer.make()
      const kimi = yield* connect(server, {})
      const off = kimi
        .describe()
        .split("\n")
        .filter((line) => line.endsWith("off"))
      assert.deepStrictEqual(
        off.map((line) => line.split(":")[0]),
        ["cache", "budget", "recovery", "fallback", "hedge", "accounting"]
      )
    })
  )

  it.live.each([
    ["cache", { KIMI_CACHE: "memory" }],
    ["budget", { KIMI_BUDGET: "1 USD per day" }],
    ["hedge", { KIMI_HEDGE_DELAY: "5 seconds" }],
    ["recovery", { KIMI_RECOVERY: "continue" }],
    ["fallback", { KIMI_FALLBACK: "kimi-k2.6" }]
  ] as const)("turns on %s alone", ([name, variables]) =>
    Effect.gen(function* () {
      const server = yield* MockServer.make()
      const kimi = yield* connect(server, variables)
      assert.notInclude(kimi.describe().split("\n"), `${name}: is off`)
    })
  )

  it.live("turns on telemetry alone", () =>
    Effect.gen(function* () {
      const server = yield* MockServer.make()
      const kimi = yield* connect(server, { KIMI_TELEMETRY: "on" })
      yield* kimi.chat(small)
      assert.deepStrictEqual((yield* kimi.metrics).performance?.requests, { ok: 1 })
    })
  )

  it.live("turns on the call log alone", () =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      const logger = Logger.make(({ message }) => void lines.push(String(message)))
      const server = yield* MockServer.make()
      const kimi = yield* connect(server, { KIMI_CALL_LOG: "on" })
      yield* Effect.provide(kimi.chat(small), Logger.layer([logger]))
      assert.deepStrictEqual(lines, ["chat succeeded"])
    })
  )

  it.live("turns on the audit log alone", () =>
    Effect.gen(function* () {
      const path = yield* folder
      const server = yield* MockServer.make()
      const kimi = yield* connect(server, {
        KIMI_AUDIT_LOG: `${path}/audit.jsonl`,
        KIMI_AUDIT_DURABILITY: "written"
      })
      yield* kimi.chat(small)
      assert.strictEqual(readFileSync(`${path}/audit.jsonl`, "utf8").trim().split("\n").length, 1)
    })
  )

  it.live("opens a circuit after the configured failures", () =>
    Effect.gen(function* () {
      const server = yield* MockServer.make()
      yield* server.replyAlways(ErrorReply.make(500, "server_error", "broken"))
      const kimi = yield* connect(server, {
        KIMI_BREAKER_FAILURES: "2",
        KIMI_BREAKER_OPEN_DURATION: "1 hour",
        KIMI_BREAKER_MAX_OPEN_DURATION: "1 day",
        KIMI_MAX_ATTEMPTS: "1"
      })
      assert.strictEqual((yield* Effect.flip(kimi.chat(small)))._tag, "ServerError")
      assert.strictEqual((yield* Effect.flip(kimi.chat(small)))._tag, "ServerError")
      const rejected = yield* Effect.flip(kimi.chat(small))
      assert.strictEqual(rejected._tag, "CircuitOpenError")
      // Half of the open duration is random.
      assert.isTrue(Duration.isGreaterThan(rejected.retryAfter ?? Duration.zero, Duration.minutes(29)))
      assert.strictEqual(yield* countRequests(server), 2)
    })
  )

  it.live("turns stages off that are on by default", () =>
    Effect.gen(function* () {
      const server = yield* MockServer.make()
      yield* server.replyAlways(ErrorReply.make(500, "server_error", "broken"))
      const kimi = yield* connect(server, {
        KIMI_BREAKER: "off",
        KIMI_LIMITS: "off",
        KIMI_RETRY_BUDGET: "off",
        KIMI_RETRY_MAX_DELAY: "1 millis",
        KIMI_MAX_ATTEMPTS: "20"
      })
      assert.include(kimi.describe(), "\nbreaker: is off\nadmission: is off\n")
      assert.include(kimi.describe(), "budget off")
      assert.strictEqual((yield* Effect.flip(kimi.chat(small)))._tag, "ServerError")
      assert.strictEqual(yield* countRequests(server), 20)
    })
  )

  it.live("calls the configured fallback", () =>
    Effect.gen(function* () {
      const server = yield* MockServer.make()
      const spare = yield* MockServer.make()
      yield* server.replyAlways(ErrorReply.make(500, "server_error", "broken"))
      const steps = [{ provider: "custom", baseUrl: spare.url, apiKey: "sk-spare", model: "kimi-k2.6" }]
      const kimi = yield* connect(server, { KIMI_FALLBACK: JSON.stringify(steps), KIMI_MAX_ATTEMPTS: "1" })
      yield* kimi.chat(small)
      const [request] = yield* spare.requests
      assert.strictEqual(request?.headers["authorization"], "Bearer sk-spare")
      assert.notInclude(kimi.describe(), "sk-spare")
    })
  )

  it.live("hedges a call that is later than configured", () =>
    Effect.gen(function* () {
      const server = yield* MockServer.make({ latency: "300 millis" })
      const kimi = yield* connect(server, { KIMI_HEDGE_RESPONSE_DELAY: "20 millis" })
      yield* kimi.chat(small)
      assert.strictEqual(yield* countRequests(server), 2)
    })
  )
})
