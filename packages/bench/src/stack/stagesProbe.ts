/** One stage around an attempt that responds immediately: runs the requested rounds, with all contestants in turn. */
import * as Admission from "@kimi-effect/core/Admission"
import * as CircuitBreaker from "@kimi-effect/core/CircuitBreaker"
import Bottleneck from "bottleneck"
import * as cockatiel from "cockatiel"
import * as Effect from "effect/Effect"
import * as EffectBreaker from "effect/persistence/CircuitBreaker"
import Opossum from "opossum"
import pLimit from "p-limit"
import { cpuOf, repeat } from "../harness/cpu.ts"

/** The contestants; each is compared with the bare call of its kind. */
const names = [
  "fiber, bare",
  "promise, bare",
  "breaker, kimi-effect",
  "breaker, effect",
  "breaker, cockatiel",
  "breaker, opossum",
  "admission, kimi-effect",
  "admission, bottleneck",
  "concurrency, kimi-effect",
  "concurrency, p-limit",
  "concurrency, cockatiel",
  "concurrency, bottleneck"
] as const

export type Name = (typeof names)[number]

/** Microseconds of CPU per call, by contestant. */
export type RoundResult = { readonly [N in Name]: number }

const calls = 50_000

/** Bottleneck starts its calls one after another from timers, which takes milliseconds for each. */
const bottleneckCalls = 500
const bottleneckAtOnce = 64

const callsOf = (name: Name): number => (name.endsWith("bottleneck") ? bottleneckCalls : calls)

/** Limits that fit every call of every round. */
const limits = {
  concurrency: 1_000,
  requestsPerMinute: 1_000_000_000,
  tokensPerMinute: 1_000_000_000_000,
  tokensPerDay: 1_000_000_000_000
}

const response = Effect.succeed("answer")
const promiseResponse = async (): Promise<string> => "answer"

/** Makes a number of calls. */
type Run = (calls: number) => Promise<void>

/** One after another in one fiber. */
const inFiber =
  (call: Effect.Effect<unknown, unknown>): Run =>
  (calls) =>
    Effect.runPromise(
      Effect.gen(function* () {
        for (let i = 0; i < calls; i++) yield* call
      })
    )

const inPromises =
  (call: () => Promise<unknown>): Run =>
  async (calls) => {
    for (let i = 0; i < calls; i++) await call()
  }

const inBottleneck =
  (limiter: Bottleneck): Run =>
  (calls) =>
    repeat(calls, bottleneckAtOnce, async () => {
      await limiter.schedule(promiseResponse)
    })

const breaker = await Effect.runPromise(CircuitBreaker.make())
const admission = await Effect.runPromise(Admission.make({ limits }))
const concurrency = await Effect.runPromise(Admission.make({ limits: { concurrency: limits.concurrency } }))
const effectBreaker = await Effect.runPromise(
  Effect.provide(
    EffectBreaker.make({ tripPolicy: EffectBreaker.consecutive(5), openDuration: "10 seconds" }),
    EffectBreaker.layerStoreMemory()
  ).pipe(Effect.scoped)
)
const cockatielBreaker = cockatiel.circuitBreaker(cockatiel.handleAll, {
  halfOpenAfter: 10_000,
  breaker: new cockatiel.ConsecutiveBreaker(5)
})
const opossumBreaker = new Opossum(promiseResponse, { timeout: false })
const cockatielBulkhead = cockatiel.bulkhead(limits.concurrency)
const limited = pLimit(limits.concurrency)
/** It limits requests in a period too, but neither the tokens of a minute nor those of a day. */
const bottleneck = new Bottleneck({
  maxConcurrent: limits.concurrency,
  reservoir: limits.requestsPerMinute,
  reservoirRefreshInterval: 60_000,
  reservoirRefreshAmount: limits.requestsPerMinute
})
const bottleneckConcurrency = new Bottleneck({ maxConcurrent: limits.concurrency })

// The stages of kimi-effect are built per call, as the pipeline builds them.
const runs: { readonly [N in Name]: Run } = {
  "fiber, bare": inFiber(Effect.suspend(() => response)),
  "promise, bare": inPromises(promiseResponse),
  "breaker, kimi-effect": inFiber(Effect.suspend(() => breaker.guard("moonshot/kimi-k3")(response))),
  "breaker, effect": inFiber(Effect.suspend(() => effectBreaker.execute(response, { key: "moonshot/kimi-k3" }))),
  "breaker, cockatiel": inPromises(() => cockatielBreaker.execute(promiseResponse)),
  "breaker, opossum": inPromises(() => opossumBreaker.fire()),
  "admission, kimi-effect": inFiber(
    Effect.suspend(() => admission.guard({ account: "moonshot", tokens: () => 1_000 })(response))
  ),
  "admission, bottleneck": inBottleneck(bottleneck),
  "concurrency, kimi-effect": inFiber(
    Effect.suspend(() => concurrency.guard({ account: "moonshot", tokens: () => 1_000 })(response))
  ),
  "concurrency, p-limit": inPromises(() => limited(promiseResponse)),
  "concurrency, cockatiel": inPromises(() => cockatielBulkhead.execute(promiseResponse)),
  "concurrency, bottleneck": inBottleneck(bottleneckConcurrency)
}

const round = async (first: number): Promise<RoundResult> => {
  const result: Partial<Record<Name, number>> = {}
  for (let i = 0; i < names.length; i++) {
    const name = names[(first + i) % names.length] as Name
    result[name] = (await cpuOf(() => runs[name](callsOf(name)))) / callsOf(name)
  }
  // Every name was measured.
  return result as RoundResult
}

process.on("message", async (first: number) => {
  process.send?.(await round(first))
})
process.send?.("ready")
