/** One stage around an attempt that responds immediately: runs the requested rounds, with all contestants in turn. */
import * as Admission from "@kimi-effect/core/Admission"
import * as CircuitBreaker from "@kimi-effect/core/CircuitBreaker"
import * as cockatiel from "cockatiel"
import * as Effect from "effect/Effect"
import * as EffectBreaker from "effect/persistence/CircuitBreaker"
import Opossum from "opossum"

/** The contestants; each is compared with the bare call of its kind. */
const names = [
  "fiber, bare",
  "promise, bare",
  "breaker, kimi-effect",
  "breaker, effect",
  "breaker, cockatiel",
  "breaker, opossum",
  "admission, kimi-effect"
] as const

export type Name = (typeof names)[number]

/** Microseconds of CPU per call, by contestant. */
export type RoundResult = { readonly [N in Name]: number }

const calls = 50_000

/** Limits that fit every call of every round. */
const limits = {
  concurrency: 1_000,
  requestsPerMinute: 1_000_000_000,
  tokensPerMinute: 1_000_000_000_000,
  tokensPerDay: 1_000_000_000_000
}

const response = Effect.succeed("answer")
const promiseResponse = async (): Promise<string> => "answer"

/** Makes the calls one after another in one fiber. */
const inFiber = (call: Effect.Effect<unknown, unknown>) => (): Promise<void> =>
  Effect.runPromise(
    Effect.gen(function* () {
      for (let i = 0; i < calls; i++) yield* call
    })
  )

const inPromises = (call: () => Promise<unknown>) => async (): Promise<void> => {
  for (let i = 0; i < calls; i++) await call()
}

const breaker = await Effect.runPromise(CircuitBreaker.make())
const admission = await Effect.runPromise(Admission.make({ limits }))
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

// The stages of kimi-effect are built per call, as the pipeline builds them.
const runs: { readonly [N in Name]: () => Promise<void> } = {
  "fiber, bare": inFiber(Effect.suspend(() => response)),
  "promise, bare": inPromises(promiseResponse),
  "breaker, kimi-effect": inFiber(Effect.suspend(() => breaker.guard("moonshot/kimi-k3")(response))),
  "breaker, effect": inFiber(Effect.suspend(() => effectBreaker.execute(response, { key: "moonshot/kimi-k3" }))),
  "breaker, cockatiel": inPromises(() => cockatielBreaker.execute(promiseResponse)),
  "breaker, opossum": inPromises(() => opossumBreaker.fire()),
  "admission, kimi-effect": inFiber(
    Effect.suspend(() => admission.guard({ account: "moonshot", tokens: () => 1_000 })(response))
  )
}

const round = async (first: number): Promise<RoundResult> => {
  const result: Partial<Record<Name, number>> = {}
  for (let i = 0; i < names.length; i++) {
    const name = names[(first + i) % names.length] as Name
    const before = process.cpuUsage()
    await runs[name]()
    const { user, system } = process.cpuUsage(before)
    result[name] = (user + system) / calls
  }
  // Every name was measured.
  return result as RoundResult
}

process.on("message", async (first: number) => {
  process.send?.(await round(first))
})
process.send?.("ready")
