/** Stages that change nothing and record what passes the cache and the circuits. */
import { CallOptions } from "@kimi-effect/core/CallOptions"
import { accountModelKey, type Call } from "@kimi-effect/core/Call"
import type { CircuitBreaker } from "@kimi-effect/core/CircuitBreaker"
import * as Pipeline from "@kimi-effect/core/Pipeline"
import * as Stage from "@kimi-effect/core/Stage"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"

/** A call that the cache did not answer, or a refresh that it made. */
interface CacheMiss {
  readonly at: number
  readonly tenant: string
  readonly prompt: string
  readonly model: string
}

export interface Observations {
  readonly misses: Array<CacheMiss>
  /** Most attempts at the same time that a half-open circuit permitted, by its key. */
  readonly probes: Map<string, number>
}

const promptOf = ({ request }: Call): string => {
  const content = request.messages[0]?.content
  return typeof content === "string" ? content : ""
}

const cacheObserver = (now: () => number, { misses }: Observations): Stage.Stage => {
  const record = (call: Call) =>
    Effect.map(CallOptions, ({ tenant }) => {
      misses.push({ at: now(), tenant, prompt: promptOf(call), model: call.request.model })
    })
  return Stage.make("cache misses", {
    effect: (inner) => (call) => Effect.andThen(record(call), inner(call)),
    stream: (inner) => (call) => Stream.unwrap(Effect.as(record(call), inner(call)))
  })
}

const probeObserver = (circuits: CircuitBreaker["Service"], { probes }: Observations): Stage.Stage => {
  const running = new Map<string, number>()
  const enter = (call: Call) => {
    const key = accountModelKey(call)
    return Effect.map(circuits.states, (states): (() => void) => {
      if (states.get(key)?._tag !== "HalfOpen") return () => undefined
      const count = (running.get(key) ?? 0) + 1
      running.set(key, count)
      probes.set(key, Math.max(probes.get(key) ?? 0, count))
      return () => running.set(key, (running.get(key) ?? 0) - 1)
    })
  }
  const leave = (end: () => void) => Effect.sync(end)
  return Stage.make("probes", {
    effect: (inner) => (call) => Effect.acquireUseRelease(enter(call), () => inner(call), leave),
    stream: (inner) => (call) => Stream.unwrap(Effect.as(Effect.acquireRelease(enter(call), leave), inner(call)))
  })
}

/** Adds the observers to the clients that are built with the layer. */
export const layer = (
  now: () => number,
  circuits: CircuitBreaker["Service"],
  observations: Observations
): Layer.Layer<never> =>
  Pipeline.layer(
    Pipeline.insertAfter("cache", cacheObserver(now, observations)),
    Pipeline.insertAfter("breaker", probeObserver(circuits, observations))
  )
