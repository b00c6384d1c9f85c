/** Random calls with all stages on: what must hold however hosts fail and callers leave. */
import { assert, describe, it } from "@effect/vitest"
import * as Accounting from "@kimi-effect/core/Accounting"
import * as Admission from "@kimi-effect/core/Admission"
import * as Budget from "@kimi-effect/core/Budget"
import * as CircuitBreaker from "@kimi-effect/core/CircuitBreaker"
import * as Hedge from "@kimi-effect/core/Hedge"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import * as Observer from "@kimi-effect/core/Observer"
import * as PriceTable from "@kimi-effect/core/PriceTable"
import * as ResponseCache from "@kimi-effect/core/ResponseCache"
import type { StreamEvent } from "@kimi-effect/core/StreamEvent"
import { BigDecimal, Context, Duration, Effect, Layer, Redacted, References, Stream } from "effect"
import { FetchHttpClient } from "effect/http"
import { TestClock } from "effect/testing"
import { runs, seedOf } from "../../../test/support/depth.ts"
import { ChatTransport } from "../src/ChatTransport.ts"
import * as FallbackPlan from "../src/FallbackPlan.ts"
import * as KimiClient from "../src/KimiClient.ts"
import { layerDigest } from "./support/pipeline.ts"
import { type Caller, makeHosts, type Received, Scenario } from "./support/randomCalls.ts"
import { violationsOf } from "./support/randomCallsLaws.ts"

const price = (provider: string, model: string) => ({
  provider,
  model,
  currency: "USD" as const,
  cacheMiss: "1",
  output: "1"
})

const prices = PriceTable.layer({
  models: [price("moonshot", "kimi-k3"), price("moonshot", "kimi-k2.6"), price("together", "moonshotai/Kimi-K2.5")]
})

const connect = (scenario: Scenario, hosts: ReturnType<typeof makeHosts>) => {
  const limits = { concurrency: 2, requestsPerMinute: 50, tokensPerMinute: 1_000_000, tokensPerDay: 10_000_000 }
  const base = Layer.merge(
    Layer.succeed(ChatTransport, hosts.own),
    KimiConfig.layer({
      apiKey: Redacted.make("sk-0123456789"),
      recovery: scenario.recovery,
      maxRecoveries: scenario.maxRecoveries,
      maxAttempts: scenario.maxAttempts,
      retryJitter: "none",
      retryBaseDelay: "50 millis",
      firstTokenTimeout: "2 seconds",
      idleTimeout: "1 second",
      totalTimeout: "5 seconds",
      deadline: scenario.hasDeadline ? "3 seconds" : undefined
    })
  )
  const steps = scenario.plan.flatMap((index) => hosts.steps[index] ?? [])
  const services = Layer.mergeAll(
    Layer.provide(
      Layer.merge(Budget.layer({ caps: [{ amount: scenario.cap, currency: "USD" }] }), Accounting.layer),
      prices
    ),
    CircuitBreaker.layer({ consecutiveFailures: 4 }),
    Admission.layer({ limits, maxWait: "1 second" }),
    Observer.layer(),
    FallbackPlan.layer(steps),
    scenario.isHedged ? Hedge.layer({ delay: "30 millis", responseDelay: "30 millis" }) : Hedge.layerOff,
    scenario.isCached ? ResponseCache.layerMemory() : ResponseCache.layerOff
  )
  return KimiClient.layerTransport.pipe(
    Layer.provideMerge(services),
    Layer.provide(Layer.mergeAll(base, FetchHttpClient.layer, layerDigest)),
    Layer.build
  )
}

/** Makes one call, and records what its caller receives. */
const call = (kimi: KimiClient.KimiClient["Service"], caller: typeof Caller.Type, index: number) => {
  const prompt = caller.kind === "stream of equals" ? "equal" : `call ${index}`
  const events: Array<StreamEvent> = []
  const received: Received = { caller, prompt, events, text: undefined, exit: undefined }
  const request = { messages: [{ role: "user" as const, content: prompt }], max_completion_tokens: 1_000 }
  const stream = kimi.stream(request).pipe(
    Stream.rechunk(1),
    Stream.tap((event) => {
      events.push(event)
      return caller.pace === 0 ? Effect.void : Effect.sleep(Duration.millis(caller.pace))
    })
  )
  const whole = Effect.map(kimi.chat(request), ({ text }) => {
    received.text = text
  })
  const run =
    caller.kind === "chat" ? whole : Stream.runDrain(caller.takes < 0 ? stream : Stream.take(stream, caller.takes))
  const left = caller.leavesAfter < 0 ? run : Effect.timeoutOption(run, Duration.millis(caller.leavesAfter))
  const recorded = Effect.onExit(left, (exit) => Effect.sync(() => void (received.exit = exit)))
  return { received, run: Effect.delay(Effect.exit(recorded), Duration.millis(caller.startsAt)) }
}

/** Runs a scenario, and returns what it violates. */
const play = (scenario: Scenario) =>
  Effect.gen(function* () {
    const hosts = makeHosts(scenario)
    const context = yield* connect(scenario, hosts)
    const kimi = Context.get(context, KimiClient.KimiClient)
    const calls = scenario.callers.map((caller, index) => call(kimi, caller, index))
    yield* Effect.forkChild(
      Effect.all(
        calls.map(({ run }) => run),
        { concurrency: "unbounded", discard: true }
      )
    )
    yield* TestClock.adjust("5 minutes")
    const [total] = yield* Context.get(context, Budget.Budget).state
    const accounting = Context.get(context, Accounting.Accounting)
    const { costs } = Accounting.total(yield* accounting.entries)
    const amountOf = (amount: BigDecimal.BigDecimal | undefined) =>
      amount === undefined ? 0 : BigDecimal.toNumberUnsafe(amount)
    const states = yield* Context.get(context, Admission.Admission).states
    return violationsOf(
      scenario,
      hosts.log,
      calls.map(({ received }) => received),
      {
        spent: amountOf(total?.spent),
        reserved: amountOf(total?.reserved),
        recorded: amountOf(costs.get("USD")),
        permits: [...states.values()].reduce((sum, { inFlight }) => sum + inFlight, 0)
      }
    )
  }).pipe(Effect.scoped, Effect.provideService(References.MinimumLogLevel, "None"))

describe("a client with all stages on", () => {
  it.effect.prop(
    "keeps every law of calls under random faults",
    [Scenario],
    ([scenario]) =>
      Effect.map(play(scenario), (violations) => assert.deepStrictEqual(violations, [], violations.join("; "))),
    {
      timeout: 3_600_000,
      arbitrary: { seed: seedOf("all stages"), runs: runs({ sample: 300, deep: 20_000 }) }
    }
  )
})
