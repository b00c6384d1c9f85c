/** Smaller schedules, for the search of a small one that still fails. */
import type { HostAction, CallSchedule, ScheduledCall, Settings } from "../../schedule/CallSchedule.ts"

/** Candidates without a part of a list, the largest parts first. */
const withoutParts = <A>(list: ReadonlyArray<A>): ReadonlyArray<ReadonlyArray<A>> => {
  const found: Array<ReadonlyArray<A>> = []
  for (let size = Math.ceil(list.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = 0; from < list.length; from += size) found.push(list.toSpliced(from, size))
  }
  return found
}

/** Candidates in which one member has its simplest value. */
const simplified = <A extends object>(value: A, simplest: Partial<A>): ReadonlyArray<A> =>
  Object.entries(simplest)
    .filter(([name, simple]) => JSON.stringify(Reflect.get(value, name)) !== JSON.stringify(simple))
    .map(([name, simple]) => ({ ...value, [name]: simple }))

/** Candidates in which one entry of a list is replaced. */
const withEntries = <A>(
  list: ReadonlyArray<A>,
  candidates: (entry: A) => ReadonlyArray<A>
): ReadonlyArray<ReadonlyArray<A>> =>
  list.flatMap((entry, index) => candidates(entry).map((candidate) => list.with(index, candidate)))

const simplestSettings: Partial<Settings> = {
  recovery: "off",
  maxRecoveries: 1,
  maxAttempts: 1,
  deadline: 0,
  isHedged: false,
  isCached: false,
  fallback: [],
  concurrency: 16,
  requestsPerMinute: 1_000,
  cap: "1000",
  consecutiveFailures: 8
}

const simplestCall: Partial<ScheduledCall> = {
  client: 0,
  tenant: "acme",
  priority: "interactive",
  kind: "chat",
  prompt: -1,
  startsAt: 0,
  takes: -1,
  leavesAfter: -1,
  pace: 0,
  actions: []
}

const simplestAction: Partial<HostAction> = {
  kind: "whole",
  failure: "ServerError",
  break: "silence",
  words: 1,
  delay: 0,
  pace: 0
}

const smallerCalls = (call: ScheduledCall): ReadonlyArray<ScheduledCall> => [
  ...simplified(call, simplestCall),
  ...withoutParts(call.actions).map((actions) => ({ ...call, actions })),
  ...withEntries(call.actions, (action) => simplified(action, simplestAction)).map((actions) => ({ ...call, actions }))
]

/** Smaller schedules, those that remove most first. */
export const candidates = (schedule: CallSchedule): ReadonlyArray<CallSchedule> => [
  ...withoutParts(schedule.calls).map((calls) => ({ ...schedule, calls })),
  ...withoutParts(schedule.jumps).map((jumps) => ({ ...schedule, jumps })),
  ...simplified(schedule.settings, simplestSettings).map((settings) => ({ ...schedule, settings })),
  ...withEntries(schedule.calls, smallerCalls).map((calls) => ({ ...schedule, calls }))
]
