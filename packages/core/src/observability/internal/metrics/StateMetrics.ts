/**
 * Gauges that are read from the state of services.
 *
 * @since 0.1.0
 */
import * as BigDecimal from "effect/BigDecimal"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { LocalDate } from "../../../internal/Day.ts"
import { remaining, type ScopeState } from "../../../money/Budget.ts"
import * as BudgetScope from "../../../money/internal/BudgetScope.ts"
import * as CircuitState from "./CircuitState.ts"
import type { Instruments, Labels } from "./Instruments.ts"
import type { ClientServices } from "../ClientServices.ts"
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

type Row<A extends ReadonlyArray<string>> = readonly [A, number]

const budgetRows = (
  scopes: ReadonlyArray<readonly [ScopeState, LocalDate]>,
  amount: (state: ScopeState) => BigDecimal.BigDecimal
): ReadonlyArray<Row<readonly [string, string]>> =>
  scopes.flatMap(([state, today]): ReadonlyArray<Row<readonly [string, string]>> => {
    const scope = BudgetScope.withoutDate(state.scope, today)
    return scope === undefined ? [] : [[[scope, state.currency], BigDecimal.toNumberUnsafe(amount(state))]]
  })

/**
 * Reads the state of all services and sets the gauges.
 *
 * @category constructors
 * @since 0.1.0
 */
export const collect = Effect.fnUntraced(function* (instruments: Instruments, clients: Iterable<ClientServices>) {
  const all = [...clients]

  const budgets = yield* readStates(
    all.map(({ retryBudget }) => retryBudget),
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

  const accounts = (yield* readStates(
    all.map(({ admission }) => admission),
    ({ states }) => states
  )).flatMap((states) => [...states])
  instruments.replace(
    metrics.admissionInFlight,
    accounts.map(([account, { inFlight }]) => [[account], inFlight])
  )
  instruments.replace(
    metrics.admissionQueue,
    accounts.map(([account, { waiting }]) => [[account], waiting])
  )

  const circuits = (yield* readStates(
    all.map(({ circuitBreaker: circuits }) => circuits),
    ({ states }) => states
  )).flatMap((states) => [...states])
  instruments.replace(
    metrics.breakerCircuits,
    circuits.flatMap(([key, { _tag }]) =>
      Object.entries(CircuitState.names).map(
        ([tag, name]): readonly [Labels<typeof metrics.breakerCircuits>, number] => [[key, name], tag === _tag ? 1 : 0]
      )
    )
  )

  const caches = yield* readStates(
    all.map(({ cache }) => cache),
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
  const lookups = new Map<string, { hits: number; misses: number }>()
  const addLookups = (level: string, hits: number, misses: number) => {
    const before = lookups.get(level) ?? { hits: 0, misses: 0 }
    lookups.set(level, { hits: before.hits + hits, misses: before.misses + misses })
  }
  for (const { memory, store } of caches) {
    addLookups("memory", memory.hits, memory.misses)
    if (store !== undefined) addLookups("store", store.hits, store.misses)
  }
  instruments.replace(
    metrics.cacheHitRatio,
    [...lookups].map(([level, { hits, misses }]) => [[level], hits + misses === 0 ? 0 : hits / (hits + misses)])
  )

  const scopes = (yield* readStates(
    all.map(({ budget }) => budget),
    ({ state, today }) =>
      Effect.zipWith(state, today, (states, date) => states.map((one): readonly [ScopeState, LocalDate] => [one, date]))
  )).flat()
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
