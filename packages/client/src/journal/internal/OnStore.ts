/** The journal on a store: leases with their renewal, and bounds in time. */
import { BatchJobLockedError } from "@kimi-effect/core/BatchErrors"
import * as MonotonicClock from "@kimi-effect/core/internal/MonotonicClock"
import * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import { JournalMismatchError, type JournalStoreError, type LeaseLostError } from "@kimi-effect/core/JournalErrors"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Journal, Lease, Options, Recorded } from "../Journal.ts"
import * as GroupCommit from "./GroupCommit.ts"
import { HeldCalls } from "./HeldCalls.ts"
import * as LeaseCalls from "./Lease.ts"
import { Renewal } from "./Renewal.ts"
import type { Append, Claim, ClaimRequest, Entry, Header, Store } from "./Store.ts"

export const rulesOf = ({ lease, timeout }: Options): ReadonlyArray<OptionRules.Rule> => [
  OptionRules.positiveDuration("lease", lease),
  OptionRules.positiveDuration("timeout", timeout)
]

const resultsOf = (entries: ReadonlyArray<Entry>): ReadonlyArray<Recorded> =>
  [...LeaseCalls.newest(entries).values()].flatMap(({ body, digest, key, kind }) =>
    kind === "Result" ? [{ key, digest, json: body }] : []
  )

/** The resource of a run that one process works on. */
const wholeRun = "run"

/** The run when it is complete: its results are returned, and no call is made. */
const completed = (
  store: Store,
  runId: string,
  within: <A>(operation: string, effect: Effect.Effect<A, JournalStoreError>) => Effect.Effect<A, JournalStoreError>
): Effect.Effect<Lease | undefined, JournalStoreError> =>
  Effect.gen(function* () {
    const status = yield* within("read the status", store.status(runId))
    const found = status?.resources.find(({ resource }) => resource === wholeRun)
    if (found?.state !== "Completed") return undefined
    const claim = { resource: wholeRun, epoch: found.epoch }
    const entries = LeaseCalls.newest(yield* within("read", store.read(runId, wholeRun)))
    const append = () => Effect.fail(GroupCommit.leaseLost(wholeRun, found.epoch))
    const calls = LeaseCalls.make(store.name, runId, claim, entries, append, undefined, LeaseCalls.notRecorded)
    return { ...claim, ...calls, complete: Effect.void, release: Effect.void }
  })

const checkHeader = (runId: string, recorded: Header, header: Header): Effect.Effect<void, JournalMismatchError> =>
  recorded.kind === header.kind && recorded.digest === header.digest
    ? Effect.void
    : Effect.fail(
        new JournalMismatchError({
          message: `The run ${runId} was started by another program or with other options`,
          key: "header",
          recorded: `${recorded.kind}/${recorded.digest}`,
          actual: `${header.kind}/${header.digest}`
        })
      )

/** The results of a resource without a lease. */
const recorded = (
  { name }: Store,
  runId: string,
  resource: string,
  entries: ReadonlyArray<Entry>
): LeaseCalls.Calls => {
  const lost = () => GroupCommit.leaseLost(resource, 0)
  const append = () => Effect.fail(lost())
  return LeaseCalls.make(name, runId, { resource, epoch: 0 }, LeaseCalls.newest(entries), append, undefined, lost)
}

export const make = (
  store: Store,
  { lease = "2 seconds", timeout: timeoutInput = "10 seconds" }: Options
): Effect.Effect<Journal["Service"], never, Scope.Scope> =>
  Effect.gen(function* () {
    const ttl = OptionRules.durationOf(lease)
    const ttlMillis = Duration.toMillis(ttl)
    const timeout = OptionRules.durationOf(timeoutInput)
    const append = yield* GroupCommit.make(store, timeout)
    const within = <A>(operation: string, effect: Effect.Effect<A, JournalStoreError>) =>
      GroupCommit.bounded(store, operation, timeout, effect)

    const leaseOf = (
      runId: string,
      claim: Claim,
      claimedAt: number
    ): Effect.Effect<Lease, JournalStoreError, Scope.Scope> =>
      Effect.gen(function* () {
        const renew = Effect.suspend(() => within("renew a lease", store.renew(runId, claim, ttlMillis)))
        const lost = () => GroupCommit.leaseLost(claim.resource, claim.epoch)
        const renewal = new Renewal(claimedAt, ttlMillis, renew, () => held.end(lost()))
        const checkHeld = Effect.flatMap(renewal.check, () => (renewal.isOver ? Effect.fail(lost()) : Effect.void))
        const held = new HeldCalls(checkHeld)
        const end = (isCompleted: boolean): Effect.Effect<void, JournalStoreError | LeaseLostError> =>
          Effect.suspend(() => {
            renewal.isOver = true
            return Effect.flatMap(within("end a lease", store.end(runId, claim, isCompleted)), (isHeld) =>
              isHeld ? Effect.void : Effect.fail(lost())
            )
          })
        // A lease that cannot be released expires.
        yield* Effect.addFinalizer(() =>
          Effect.suspend(() => (renewal.isOver ? Effect.void : Effect.ignore(end(false))))
        )
        yield* Effect.forkScoped(renewal.always)
        const write = (one: Append): Effect.Effect<void, GroupCommit.AppendError> =>
          one.entry.kind === "Intent" ? Effect.andThen(append(one), checkHeld) : append(one)
        const entries = LeaseCalls.newest(yield* within("read", store.read(runId, claim.resource)))
        const calls = LeaseCalls.make(store.name, runId, claim, entries, write, held, () =>
          renewal.isOver ? lost() : undefined
        )
        return { ...claim, ...calls, complete: end(true), release: end(false) }
      })

    const open = (runId: string, header: Header) =>
      Effect.flatMap(within("open", store.open(runId, header)), (recorded) => checkHeader(runId, recorded, header))
    const claim = (runId: string, request: Omit<ClaimRequest, "ttlMillis">) =>
      Effect.uninterruptible(
        Effect.flatMap(MonotonicClock.millis, (claimedAt) =>
          Effect.flatMap(within("claim", store.claim(runId, { ...request, ttlMillis })), (claims) =>
            Effect.forEach(claims, (one) => leaseOf(runId, one, claimedAt))
          )
        )
      )
    return {
      run: (runId, header) =>
        Effect.gen(function* () {
          yield* open(runId, header)
          yield* within("add", store.add(runId, [wholeRun]))
          const [only] = yield* claim(runId, { resource: wholeRun, limit: 1 })
          const lease = only ?? (yield* completed(store, runId, within))
          if (lease !== undefined) return lease
          return yield* new BatchJobLockedError({
            message: `Another process works on the run ${runId}`,
            job: runId
          })
        }),
      join: (runId, header) =>
        Effect.as(open(runId, header), {
          add: (resources: ReadonlyArray<string>) => within("add", store.add(runId, resources)),
          claim: (request: Omit<ClaimRequest, "ttlMillis">) => claim(runId, request),
          read: (resource: string) =>
            Effect.map(within("read", store.read(runId, resource)), (entries) =>
              recorded(store, runId, resource, entries)
            )
        }),
      status: (runId) => within("read the status", store.status(runId)),
      count: (runId, digest) => within("read the status", store.count(runId, digest)),
      isOver: (runId) => within("read the status", store.isOver(runId)),
      results: (runId, resource) => Effect.map(within("read", store.read(runId, resource)), resultsOf),
      cancel: (runId) => within("cancel", store.cancel(runId))
    }
  })
