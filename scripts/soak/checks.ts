/** What must hold while no call is in progress. */
import type { KimiClient } from "@kimi-effect/client"
import type { MockServer } from "@kimi-effect/testing/node"
import * as BigDecimal from "effect/BigDecimal"
import * as Effect from "effect/Effect"
import type { FiberCounter } from "../../packages/testing/src/internal/fiberCounter.ts"

/**
 * Longest wait for the resources of interrupted calls, for idle connections to be closed, and for the leases of the
 * process that was killed: 30 seconds for permits, and ten for reservations.
 */
const settleTimeout = "60 seconds"
const pollInterval = "50 millis"
const megabyte = 1_048_576
/** Most growth of the heap since the end of the first round, in bytes. */
const maxHeapGrowth = 32 * megabyte

/** Resources in use, by name. */
export type Usage = Readonly<Record<string, number>>

export interface Inspected {
  readonly client: KimiClient.KimiClient["Service"]
  readonly server: MockServer.MockServer["Service"]
  readonly fibers: FiberCounter
  /** Fibers of the idle client, such as timers of metrics. */
  readonly idleFibers: number
}

const usage = Effect.fnUntraced(function* ({ client, fibers, idleFibers, server }: Inspected) {
  const { budgets, providers } = yield* client.metrics
  const sum = (numbers: ReadonlyArray<number>): number => numbers.reduce((a, b) => a + b, 0)
  return {
    sockets: yield* server.openConnections,
    permits: sum(providers.map(({ inFlight }) => inFlight)),
    waiting: sum(providers.map(({ waiting }) => waiting)),
    reservations: budgets.filter(({ reserved }) => !BigDecimal.isZero(reserved)).length,
    fibers: Math.max(0, fibers.active() - idleFibers)
  }
})

const isIdle = (current: Usage): boolean => Object.values(current).every((count) => count === 0)

/** Waits until nothing is in use, and returns what still is after the timeout. */
export const awaitIdle = Effect.fnUntraced(function* (inspected: Inspected) {
  const poll = Effect.gen(function* () {
    while (!isIdle(yield* usage(inspected))) yield* Effect.sleep(pollInterval)
  })
  yield* Effect.timeoutOption(poll, settleTimeout)
  return yield* usage(inspected)
})

/** Bytes of the heap that are in use after a garbage collection. */
export const heapBytes: Effect.Effect<number> = Effect.sync(() => {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed
})

/** What does not hold, as text. */
export const violationsOf = (
  current: Usage,
  heap: { readonly first: number; readonly now: number },
  { untyped, wrong }: { readonly untyped: ReadonlyArray<string>; readonly wrong: ReadonlyArray<string> }
): ReadonlyArray<string> => [
  ...Object.entries(current)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${name}: ${count} in use while no call is in progress`),
  ...(heap.now - heap.first > maxHeapGrowth
    ? [`the heap grew by ${((heap.now - heap.first) / megabyte).toFixed(1)} MiB since the first round`]
    : []),
  ...wrong.map((text) => `a call received a text that is not its response: ${text}`),
  ...untyped.map((text) => `a call failed with something other than an error of the library: ${text}`)
]
