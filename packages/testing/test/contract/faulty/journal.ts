/**
 * A journal on a store in memory that keeps every law of the contract, or every law
 * but one: `broken` names the one. Each test has a separate run, by which a fault
 * meets its law alone.
 */
import * as MemoryStore from "@kimi-effect/client/internal/MemoryStore"
import * as OnStore from "@kimi-effect/client/internal/OnStore"
import { Effect } from "effect"
import { lease } from "../../../src/contract/JournalContract.ts"

type Store = Effect.Success<typeof MemoryStore.make>
type Append = Parameters<Store["append"]>[0][number]
type Entry = Append["entry"]

/** Entries that are lost, by the law that this breaks. */
const lost: Readonly<Record<string, (append: Append, index: number) => boolean>> = {
  "returns a recorded result without making the call": ({ entry, runId }) =>
    runId === "replay" && entry.kind === "Result",
  "records that a call begins before it is made": ({ entry, runId }) => runId === "intent" && entry.kind === "Intent",
  "keeps the result with which an uncertain call was resolved": ({ entry, runId }) =>
    runId === "resolved" && entry.kind === "Result",
  "keeps the permission to make an uncertain call again": ({ entry }) => entry.kind === "Retry",
  "records all of many concurrent calls": ({ entry, runId }, index) =>
    runId === "many" && entry.kind === "Result" && index > 0
}

/** What is read in place of an entry, by the law that this breaks. */
const changed: Readonly<Record<string, (run: string, entry: Entry) => Entry>> = {
  "makes an idempotent call again that has no result": (run, entry) =>
    run === "again" ? { ...entry, digest: "x" } : entry,
  "refuses another request under a recorded key": (run, entry) =>
    run === "changed" ? { ...entry, digest: "other" } : entry,
  "keeps any text": (run, entry) => ({
    ...entry,
    key: run.startsWith("text") ? entry.key.replace("\0", "") : entry.key
  })
}

const claims = (store: Store, breaks: (law: string) => boolean): Pick<Store, "claim" | "renew" | "end"> => ({
  claim: (run, request) => {
    const { resource: _, ...any } = request
    const made = store.claim(run, breaks("leases one resource by its name") ? any : request)
    return Effect.map(made, (found) => {
      const isFree = found.length > 0
      if (!isFree && run === "exclusive" && breaks("leases a resource to one of several workers")) {
        return [{ resource: "a", epoch: 1 }]
      }
      if (!isFree && run === "locked" && breaks("refuses a second process on a whole run")) {
        return [{ resource: "run", epoch: 1 }]
      }
      const isReversed =
        (run === "order" && breaks("leases resources in the order in which they were added")) ||
        (run === "ordered" && breaks("adds resources after those that it has"))
      if (isReversed) return found.toReversed()
      const isAgain = run === "dead" && found.some(({ epoch }) => epoch > 1)
      return isAgain && breaks("leases a resource again whose worker is frozen") ? [] : found
    })
  },
  renew: (run, claim, ttl) =>
    run === "renewed" && breaks("keeps a lease that is renewed") ? Effect.succeed(true) : store.renew(run, claim, ttl),
  end: (run, claim, isCompleted) => {
    if (run === "released" && breaks("leases a released resource at once")) return Effect.succeed(true)
    const isKept = run === "completed" && breaks("never leases a completed resource")
    return store.end(run, claim, isCompleted && !isKept)
  }
})

const entries = (store: Store, broken: string, breaks: (law: string) => boolean): Pick<Store, "append" | "read"> => {
  const isLost = lost[broken] ?? (() => false)
  const change = changed[broken] ?? ((_: string, entry: Entry) => entry)
  return {
    append: (batch) => {
      if (breaks("refuses writes of an older lease") && batch.some(({ runId }) => runId === "fenced")) {
        return Effect.succeed(batch.map(() => true))
      }
      const kept = batch.filter((append, index) => !isLost(append, index))
      return Effect.map(store.append(kept), (results) => {
        const written = new Map(kept.map((append, index) => [append, results[index] === true]))
        return batch.map((append) => written.get(append) ?? true)
      })
    },
    read: (run, resource) => {
      const from = run === "other" && breaks("keeps runs apart") ? "one" : run
      return Effect.map(store.read(from, resource), (found) => {
        const isEmpty =
          (run === "inherited" && breaks("gives the next worker what a frozen one has recorded")) ||
          (run === "read" && breaks("reads results without a lease"))
        const isReversed = run === "results" && breaks("returns the results of each resource in their order")
        const read = isReversed ? found.toReversed() : found
        return isEmpty ? [] : read.map((entry) => change(run, entry))
      })
    }
  }
}

const runs = (
  store: Store,
  breaks: (law: string) => boolean
): Pick<Store, "open" | "add" | "count" | "status" | "cancel"> => ({
  open: (run, header) =>
    Effect.map(store.open(run, header), (found) => (breaks("refuses another header") ? header : found)),
  add: (run, resources) =>
    store.add(
      run,
      run === "once" && resources.length > 1 && breaks("adds a resource once") ? [...resources, "a again"] : resources
    ),
  status: (run) =>
    Effect.map(store.status(run), (status) => {
      if (status === undefined) {
        const isInvented = breaks("has no status of a run that does not exist")
        return isInvented
          ? { header: { kind: "", digest: "" }, isCancelled: false, calls: 0, resources: [] }
          : undefined
      }
      if (breaks("counts the results of a run")) return { ...status, calls: status.calls + 1 }
      const isWaiting =
        (run === "states" && breaks("shows the state of each resource")) ||
        (run === "complete" && breaks("replays a complete run"))
      if (!isWaiting) return status
      return { ...status, resources: status.resources.map((one) => ({ ...one, state: "Waiting" as const })) }
    }),
  count: (run, digest) =>
    Effect.map(store.count(run, digest), (count) => (breaks("counts the results of one digest") ? count + 1 : count)),
  cancel: (run) => (run === "cancelled" && breaks("shows that a run was cancelled") ? Effect.void : store.cancel(run))
})

/** What is returned in place of whether a run is over, by the law that this breaks. */
const wrongEnds: Readonly<Record<string, { readonly run: string; readonly isOver: boolean }>> = {
  "is over when every resource is completed": { run: "over", isOver: false },
  "is not over while a resource is leased": { run: "working", isOver: true },
  "is over when it was cancelled": { run: "ended", isOver: false },
  "is over when it does not exist": { run: "missing", isOver: false }
}

const ends = (store: Store, broken: string): Pick<Store, "isOver"> => {
  const wrong = wrongEnds[broken]
  return { isOver: (run) => (wrong?.run === run ? Effect.succeed(wrong.isOver) : store.isOver(run)) }
}

export const make = (broken = "") =>
  Effect.flatMap(MemoryStore.make, (store) => {
    const breaks = (law: string) => law === broken
    const faulty = {
      name: "map",
      ...claims(store, breaks),
      ...entries(store, broken, breaks),
      ...runs(store, breaks),
      ...ends(store, broken)
    }
    return OnStore.make(faulty, { lease })
  })
