/** A store in this process. Leases expire by its monotonic clock. */
import * as MonotonicClock from "@kimi-effect/core/internal/MonotonicClock"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Iterable from "effect/Iterable"
import type { Claim, ClaimRequest, Entry, Header, RunStatus, Store } from "./Store.ts"

interface Resource {
  epoch: number
  /** The monotonic time at which the lease expires. */
  until: number
  isCompleted: boolean
  readonly entries: Array<Entry>
}

interface Run {
  readonly header: Header
  readonly resources: Map<string, Resource>
  isCancelled: boolean
}

const expired = Number.NEGATIVE_INFINITY

const claimIn = (run: Run, { limit, resource, ttlMillis }: ClaimRequest, now: number): ReadonlyArray<Claim> => {
  const claims: Array<Claim> = []
  for (const [name, found] of run.resources) {
    if (claims.length >= limit) break
    if ((resource !== undefined && resource !== name) || found.isCompleted || found.until > now) continue
    found.epoch += 1
    found.until = now + ttlMillis
    claims.push({ resource: name, epoch: found.epoch })
  }
  return claims
}

const countIn = ({ resources }: Run, isCounted: (entry: Entry) => boolean): number =>
  [...resources.values()].reduce((sum, { entries }) => sum + entries.filter(isCounted).length, 0)

const isResult = ({ kind }: Entry): boolean => kind === "Result"

const statusOf = (run: Run, now: number): RunStatus => ({
  header: run.header,
  isCancelled: run.isCancelled,
  calls: countIn(run, isResult),
  resources: [...run.resources].map(([resource, { epoch, isCompleted, until }]) => ({
    resource,
    epoch,
    state: isCompleted ? "Completed" : until > now ? "Leased" : "Waiting"
  }))
})

export const make: Effect.Effect<Store> = Effect.map(Clock.Clock, (clock): Store => {
  const runs = new Map<string, Run>()
  const now = (): number => MonotonicClock.millisUnsafe(clock)
  /** The resource, while the epoch of the claim lasts. */
  const held = (runId: string, { epoch, resource }: Claim): Resource | undefined => {
    const found = runs.get(runId)?.resources.get(resource)
    return found?.epoch === epoch && !found.isCompleted ? found : undefined
  }
  return {
    name: "memory",
    open: (runId, header) =>
      Effect.sync(() => {
        const found = runs.get(runId)
        if (found !== undefined) return found.header
        runs.set(runId, { header, resources: new Map(), isCancelled: false })
        return header
      }),
    add: (runId, resources) =>
      Effect.sync(() => {
        const run = runs.get(runId)
        for (const name of resources) {
          if (run?.resources.has(name) === false) {
            run.resources.set(name, { epoch: 0, until: expired, isCompleted: false, entries: [] })
          }
        }
      }),
    claim: (runId, request) =>
      Effect.sync(() => {
        const run = runs.get(runId)
        return run === undefined ? [] : claimIn(run, request, now())
      }),
    renew: (runId, claim, ttlMillis) =>
      Effect.sync(() => {
        const found = held(runId, claim)
        if (found !== undefined) found.until = now() + ttlMillis
        return found !== undefined
      }),
    end: (runId, claim, isCompleted) =>
      Effect.sync(() => {
        const found = held(runId, claim)
        if (found === undefined) return false
        found.until = expired
        found.isCompleted = isCompleted
        // A write of this lease that is still on its way is refused.
        found.epoch += 1
        return true
      }),
    append: (batch) =>
      Effect.sync(() =>
        batch.map(({ claim, entry, runId }) => {
          const found = held(runId, claim)
          found?.entries.push(entry)
          return found !== undefined
        })
      ),
    read: (runId, resource) => Effect.sync(() => [...(runs.get(runId)?.resources.get(resource)?.entries ?? [])]),
    status: (runId) =>
      Effect.sync(() => {
        const run = runs.get(runId)
        return run === undefined ? undefined : statusOf(run, now())
      }),
    count: (runId, digest) =>
      Effect.sync(() => {
        const run = runs.get(runId)
        return run === undefined ? 0 : countIn(run, (entry) => isResult(entry) && entry.digest === digest)
      }),
    isOver: (runId) =>
      Effect.sync(() => {
        const run = runs.get(runId)
        return (
          run === undefined ||
          run.isCancelled ||
          !Iterable.some(run.resources.values(), ({ isCompleted }) => !isCompleted)
        )
      }),
    cancel: (runId) =>
      Effect.sync(() => {
        const run = runs.get(runId)
        if (run !== undefined) run.isCancelled = true
      })
  }
})
