/**
 * Gauges that are read from the state of services.
 *
 * @since 0.1.0
 */
import * as BigDecimal from "effect/BigDecimal"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as ResponseCache from "../../../cache/ResponseCache.ts"
import type { LocalDate } from "../../../internal/Day.ts"
import type { ScopeState } from "../../../money/Budget.ts"
import { remaining } from "../../../money/internal/remaining.ts"
import * as BudgetScope from "../../../money/internal/BudgetScope.ts"
import * as CircuitState from "./CircuitState.ts"
import type { Instruments, Labels } from "./Instruments.ts"
import type { ClientServices } from "../ClientServices.ts"
import * as ServerAddress from "../ServerAddress.ts"
import { metrics } from "../../Telemetry.ts"

/** The state of a service; nothing if it cannot be read. */
const readState = <A, E>(state: Effect.Effect<A, E>): Effect.Effect<ReadonlyArray<A>> =>
  Effect.map(Effect.exit(state), (exit) => (Exit.isSuccess(exit) ? [exit.value] : []))

/** Each service once, even if several clients share it. */
const distinct = <A>(services: Iterable<A | undefined>): ReadonlyArray<A> =>
  [...new Set(services)].filter((service) => service !== undefined)

const readStates = <S, A, E>(
  services: Iterable<S | undefined>,
  state: (service: S) => Effect.Effect<A, E>
): Effect.Effect<ReadonlyArray<A>> =>
  Effect.map(
    Effect.forEach(distinct(services), (service) => readState(state(service))),
    (all) => all.flat()
  )

/** The labels of a series, and its value. */
type Row<A extends ReadonlyArray<string | undefined>> = readonly [A, number]

const budgetRows = (
  scopes: ReadonlyArray<readonly [ScopeState, LocalDate]>,
  amount: (state: ScopeState) => BigDecimal.BigDecimal
): ReadonlyArray<Row<readonly [string, string]>> =>
  scopes.flatMap(([state, today]): ReadonlyArray<Row<readonly [string, string]>> => {
    const scope = BudgetScope.withoutDate(state.scope, today)
    return scope === undefined ? [] : [[[scope, state.currency], BigDecimal.toNumberUnsafe(amount(state))]]
  })

/** Sets the gauges of one kind of service. */
type Collect = (instruments: Instruments, clients: ReadonlyArray<ClientServices>) => Effect.Effect<void>

const collectRetryBudgets: Collect = Effect.fnUntraced(function* (instruments, clients) {
  const budgets = yield* readStates(
    clients.map(({ retryBudget }) => retryBudget),
    ({ state }) => state
  )
  const bounded = budgets.filter(({ capacity }) => Number.isFinite(capacity))
  instruments.replace(
    metrics.retryBudgetRemaining,
    bounded.map(({ tokens }) => [[], tokens])
  )
  instruments.replace(
    metrics.retryBudgetCapacity,
    bounded.map(({ capacity }) => [[], capacity])
  )
})

const collectAdmission: Collect = Effect.fnUntraced(function* (instruments, clients) {
  const states = yield* readStates(
    clients.map(({ admission }) => admission),
    (admission) => admission.states
  )
  const accounts = states.flatMap((one) => [...one])
  instruments.replace(
    metrics.admissionInFlight,
    accounts.map(([account, { inFlight }]) => [[account], inFlight])
  )
  instruments.replace(
    metrics.admissionQueue,
    accounts.map(([account, { waiting }]) => [[account], waiting])
  )
})

const collectConnections: Collect = Effect.fnUntraced(function* (instruments, clients) {
  const pools = yield* Effect.forEach(
    distinct(clients.flatMap(({ connections }) => connections)),
    ({ origin, state }) =>
      Effect.map(state, (numbers) => {
        const server = ServerAddress.fromUrl(origin)
        return { labels: [server?.address, server?.port.toString()] as const, ...numbers }
      })
  )
  instruments.replace(
    metrics.poolInUse,
    pools.map(({ inUse, labels }) => [labels, inUse])
  )
  instruments.replace(
    metrics.poolWaiting,
    pools.map(({ labels, waiting }) => [labels, waiting])
  )
  instruments.replace(
    metrics.poolLimit,
    pools.map(({ labels, limit }) => [labels, limit])
  )
})

const collectCircuits: Collect = Effect.fnUntraced(function* (instruments, clients) {
  const states = yield* readStates(
    clients.map(({ circuitBreaker }) => circuitBreaker),
    (circuits) => circuits.states
  )
  instruments.replace(
    metrics.breakerCircuits,
    states.flatMap((circuits) =>
      [...circuits].flatMap(([key, { _tag }]) =>
        Object.entries(CircuitState.names).map(([tag, name]): Row<Labels<typeof metrics.breakerCircuits>> => [
          [key, name],
          tag === _tag ? 1 : 0
        ])
      )
    )
  )
})

/** The hit ratio of every level of the caches together. */
const hitRatios = (caches: ReadonlyArray<ResponseCache.Statistics>): ReadonlyArray<Row<readonly [string]>> => {
  const lookups = new Map<string, { hits: number; misses: number }>()
  const add = (level: string, { hits, misses }: { readonly hits: number; readonly misses: number }) => {
    const before = lookups.get(level) ?? { hits: 0, misses: 0 }
    lookups.set(level, { hits: before.hits + hits, misses: before.misses + misses })
  }
  for (const { memory, store } of caches) {
    add("memory", memory)
    if (store !== undefined) add("store", store)
  }
  return [...lookups].map(([level, { hits, misses }]) => [[level], hits + misses === 0 ? 0 : hits / (hits + misses)])
}

const collectCaches: Collect = Effect.fnUntraced(function* (instruments, clients) {
  const caches = yield* readStates(
    clients.map(({ cache }) => cache),
    ({ statistics }) => statistics
  )
  instruments.replace(
    metrics.cacheEntries,
    caches.map(({ memory }) => [[], memory.entries])
  )
  instruments.replace(
    metrics.cacheSize,
    caches.map(({ memory }) => [[], memory.bytes])
  )
  instruments.replace(metrics.cacheHitRatio, hitRatios(caches))
})

const collectBudgets: Collect = Effect.fnUntraced(function* (instruments, clients) {
  const states = yield* readStates(
    clients.map(({ budget }) => budget),
    ({ state, today }) =>
      Effect.zipWith(state, today, (scopes, date) =>
        scopes.map((scope): readonly [ScopeState, LocalDate] => [scope, date])
      )
  )
  const scopes = states.flat()
  instruments.replace(
    metrics.budgetLimit,
    budgetRows(scopes, ({ cap }) => cap)
  )
  instruments.replace(
    metrics.budgetSpent,
    budgetRows(scopes, ({ spent }) => spent)
  )
  instruments.replace(
    metrics.budgetReserved,
    budgetRows(scopes, ({ reserved }) => reserved)
  )
  instruments.replace(metrics.budgetRemaining, budgetRows(scopes, remaining))
})

const collectors: ReadonlyArray<Collect> = [
  collectRetryBudgets,
  collectAdmission,
  collectConnections,
  collectCircuits,
  collectCaches,
  collectBudgets
]

/**
 * Reads the state of all services and sets the gauges.
 *
 * @category constructors
 * @since 0.1.0
 */
export const collect = (instruments: Instruments, clients: Iterable<ClientServices>): Effect.Effect<void> =>
  Effect.suspend(() => {
    const all = [...clients]
    return Effect.forEach(collectors, (one) => one(instruments, all), { discard: true })
  })
