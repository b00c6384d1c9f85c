/**
 * Instruments for tests of leaks: sockets of undici, listeners, the heap.
 */
import { subscribe, unsubscribe } from "node:diagnostics_channel"
import type { EventEmitter } from "node:events"
import type { Socket } from "node:net"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { Effect, Schema } from "effect"
import type * as Scope from "effect/Scope"
import { Agent } from "undici"

/** One turn of the event loop, in which sockets are served. */
export const turn: Effect.Effect<void> = Effect.callback((resume) => {
  setImmediate(() => resume(Effect.void))
})

export interface Sockets {
  /** Connections that undici has made since. */
  readonly made: () => number
  /** How many of them are open. */
  readonly open: () => number
  /** The most that were open at once. */
  readonly peak: () => number
}

const hasSocket = Schema.is(Schema.Struct({ socket: Schema.Any }))

/** Counts the connections of undici, as long as the scope. */
export const sockets: Effect.Effect<Sockets, never, Scope.Scope> = Effect.gen(function* () {
  let made = 0
  let open = 0
  let peak = 0
  const onConnected = (message: unknown): void => {
    if (!hasSocket(message)) return
    const socket: Socket = message.socket
    made += 1
    open += 1
    peak = Math.max(peak, open)
    socket.once("close", () => (open -= 1))
  }
  yield* Effect.acquireRelease(
    Effect.sync(() => subscribe("undici:client:connected", onConnected)),
    () => Effect.sync(() => unsubscribe("undici:client:connected", onConnected))
  )
  return { made: () => made, open: () => open, peak: () => peak }
})

/** Captures the agent that makes the next call, so that a test can inspect its listeners. */
export const nextAgent: Effect.Effect<() => Agent | undefined, never, Scope.Scope> = Effect.gen(function* () {
  let agent: Agent | undefined
  const inherited = Agent.prototype.dispatch
  const restore = Effect.sync(() => Reflect.deleteProperty(Agent.prototype, "dispatch"))
  yield* Effect.acquireRelease(
    Effect.sync(() => {
      const keep = (called: Agent): void => {
        agent = called
        Reflect.deleteProperty(Agent.prototype, "dispatch")
      }
      Agent.prototype.dispatch = function (this: Agent, ...call) {
        keep(this)
        return inherited.apply(this, call)
      }
    }),
    () => restore
  )
  return () => agent
})

const emittersOf = (agent: Agent | undefined): ReadonlyArray<EventEmitter> =>
  agent === undefined ? [process] : [process, agent]

/** Listeners by event, of the process and of an agent. */
export const listeners = (agent: Agent | undefined): { readonly [event: string]: number } =>
  Object.fromEntries(
    emittersOf(agent).flatMap((emitter) =>
      emitter
        .eventNames()
        .map((event) => [`${emitter.constructor.name} ${String(event)}`, emitter.listenerCount(event)])
    )
  )

const collect: () => void = (() => {
  setFlagsFromString("--expose-gc")
  return runInNewContext("gc")
})()

/** Bytes of the heap in use, after what can be collected is. */
export const heap: Effect.Effect<number> = Effect.gen(function* () {
  for (let round = 0; round < 5; round++) {
    yield* turn
    yield* Effect.sync(collect)
  }
  return yield* Effect.sync(() => process.memoryUsage().heapUsed)
})
