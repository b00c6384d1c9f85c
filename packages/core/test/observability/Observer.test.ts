import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Exit, Layer, Metric, Scope, Stream, Tracer } from "effect"
import { TestClock } from "effect/testing"
import * as Observer from "../../src/observability/Observer.ts"
import type { ClientServices } from "../../src/observability/internal/ClientServices.ts"
import * as Admission from "../../src/resilience/Admission.ts"
import * as CircuitBreaker from "../../src/resilience/CircuitBreaker.ts"
import { finish, responseOf } from "../support/responses.ts"
import * as RetryBudget from "../../src/resilience/RetryBudget.ts"

/** The services of an idle client. */
const servicesOf = (circuits: CircuitBreaker.CircuitBreaker["Service"]): Effect.Effect<ClientServices> =>
  Effect.gen(function* () {
    return {
      circuitBreaker: circuits,
      admission: yield* Effect.orDie(Admission.make()),
      retryBudget: yield* Effect.orDie(RetryBudget.make({ capacity: 100 })),
      cache: undefined,
      budget: undefined,
      accounting: undefined,
      connections: []
    }
  })

const build = (options?: Observer.Options) =>
  Effect.gen(function* () {
    const registry: Metric.MetricRegistry = new Map()
    const context = yield* Layer.build(
      Layer.provide(Observer.layer(options), Layer.succeed(Metric.MetricRegistry, registry))
    )
    const values = (id: string) =>
      Metric.snapshotUnsafe(Context.make(Metric.MetricRegistry, registry)).flatMap((metric) =>
        metric.id === id && "value" in metric.state
          ? [metric.state.value]
          : metric.id === id && "count" in metric.state
            ? [metric.state.count]
            : []
      )
    return { observer: Context.get(context, Observer.Observer), values }
  })

describe("Observer", () => {
  it.effect("updates the state metrics at the interval", () =>
    Effect.gen(function* () {
      const { observer, values } = yield* build({ interval: "5 seconds" })
      yield* observer.attach(yield* servicesOf(yield* CircuitBreaker.make()))
      yield* TestClock.adjust("4999 millis")
      assert.deepStrictEqual(values("kimi.client.retry_budget.capacity"), [])
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(values("kimi.client.retry_budget.capacity"), [100])
    }).pipe(Effect.scoped)
  )

  it.effect("includes the state of clients until their scope closes", () =>
    Effect.gen(function* () {
      const { observer, values } = yield* build()
      const scope = yield* Scope.make()
      const circuits = yield* CircuitBreaker.make()
      yield* Scope.provide(observer.attach(yield* servicesOf(circuits)), scope)
      yield* observer.attach(yield* servicesOf(circuits))
      yield* observer.collect
      assert.deepStrictEqual(values("kimi.client.retry_budget.capacity"), [200])
      yield* Scope.close(scope, Exit.void)
      yield* observer.collect
      assert.deepStrictEqual(values("kimi.client.retry_budget.capacity"), [100])
    }).pipe(Effect.scoped)
  )

  it.effect("counts a transition of shared circuits once, until the last client is gone", () =>
    Effect.gen(function* () {
      const { observer, values } = yield* build()
      const first = yield* Scope.make()
      const second = yield* Scope.make()
      const circuits = yield* CircuitBreaker.make()
      yield* Scope.provide(observer.attach(yield* servicesOf(circuits)), first)
      yield* Scope.provide(observer.attach(yield* servicesOf(circuits)), second)
      const transitions = () => values("kimi.client.breaker.transitions")
      yield* circuits.forceOpen("a")
      yield* Effect.yieldNow
      assert.deepStrictEqual(transitions(), [1])
      yield* Scope.close(first, Exit.void)
      yield* circuits.isolate("a")
      yield* Effect.yieldNow
      assert.deepStrictEqual(transitions(), [1, 1])
      yield* Scope.close(second, Exit.void)
      yield* circuits.reset("a")
      yield* Effect.yieldNow
      assert.deepStrictEqual(transitions(), [1, 1])
    }).pipe(Effect.scoped)
  )

  for (const operation of ["chat", "stream"] as const) {
    it.effect(`runs sinks within the span of a ${operation}`, () =>
      Effect.gen(function* () {
        const seen: Array<readonly [record: unknown, span: unknown]> = []
        const sink: Observer.Sink = ({ spanId }) =>
          Effect.contextWith((context: Context.Context<never>) =>
            Effect.sync(() => void seen.push([spanId, Context.getOrUndefined(context, Tracer.ParentSpan)?.spanId]))
          )
        const { observer } = yield* build({ onCall: [sink] })
        const origin = { account: "moonshot", provider: "moonshot", baseUrl: "https://api.moonshot.ai/v1" }
        const tap = observer.observeCalls(origin, { hasCache: false, hasStreamRecovery: false })
        const request = { messages: [{ role: "user", content: "Hi" }] } as const
        yield* operation === "chat"
          ? tap.chat(request, "kimi-k3", Effect.succeed(responseOf("Hello")))
          : Stream.runDrain(tap.stream(request, "kimi-k3", Stream.make(finish)))
        assert.strictEqual(seen.length, 1)
        assert.match(String(seen[0]?.[0]), /^[0-9a-f]{16}$/)
        assert.strictEqual(seen[0]?.[1], seen[0]?.[0])
      }).pipe(Effect.scoped)
    )
  }

  it.effect("passes each record to the next sink when one returns nothing", () =>
    Effect.gen(function* () {
      const seen: Array<string> = []
      const first = () => void seen.push("first")
      const second: Observer.Sink = () => Effect.sync(() => void seen.push("second"))
      const { observer } = yield* build({ onCall: [first as unknown as Observer.Sink, second] })
      yield* observer.onCall({} as Parameters<Observer.Sink>[0])
      assert.deepStrictEqual(seen, ["first", "second"])
    }).pipe(Effect.scoped)
  )
})
