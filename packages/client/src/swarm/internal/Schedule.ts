/**
 * Which agents of a swarm may work, as a function of what has happened: a pure
 * state machine.
 *
 * - One agent goes first until its first token: its prefix is then in the cache of
 *   the host, and the others read it from there.
 * - The number of working agents begins small and grows with each response, so
 *   that it doubles in one round of responses. A rate limit halves it; from there
 *   on it grows by one in a round.
 * - Waiting agents work by rank, the highest first, and then in their order.
 */

/** An agent that waits. */
export interface Waiting {
  readonly id: string
  /** Agents of a higher rank work first. */
  readonly rank: number
  /** Monotonic milliseconds before which it must not work. */
  readonly notBefore: number
}

export interface Schedule {
  readonly waiting: ReadonlyArray<Waiting>
  readonly working: ReadonlySet<string>
  /** Agents that may work at the same time now. It grows by fractions. */
  readonly capacity: number
  /** From this capacity on, growth is slow. */
  readonly threshold: number
  readonly max: number
  /** Whether the prefix is cached, or which agent is caching it. */
  readonly prefix: "cold" | "warm" | { readonly agent: string }
  readonly isSuspended: boolean
  /** Monotonic milliseconds of the last reduction. */
  readonly reducedAt: number
}

/** Refusals of calls that were sent at the same time reduce the capacity once. */
const reductionGap = 2_000

export const make = (options: { readonly initial: number; readonly max: number }): Schedule => ({
  waiting: [],
  working: new Set(),
  capacity: Math.min(options.initial, options.max),
  threshold: options.max,
  max: options.max,
  prefix: "cold",
  isSuspended: false,
  reducedAt: Number.NEGATIVE_INFINITY
})

/** Adds an agent after those of the same rank. */
export const enqueue = (schedule: Schedule, added: Waiting): Schedule => {
  const index = schedule.waiting.findIndex(({ rank }) => rank < added.rank)
  const at = index === -1 ? schedule.waiting.length : index
  return { ...schedule, waiting: schedule.waiting.toSpliced(at, 0, added) }
}

/** Removes an agent that waits or works. */
export const leave = (schedule: Schedule, id: string): Schedule => {
  if (!schedule.working.has(id) && schedule.waiting.every((one) => one.id !== id)) return schedule
  const working = new Set(schedule.working)
  working.delete(id)
  const { prefix } = schedule
  return {
    ...schedule,
    working,
    waiting: schedule.waiting.filter((one) => one.id !== id),
    prefix: typeof prefix === "object" && prefix.agent === id ? "cold" : prefix
  }
}

/** The first token of an agent has arrived. */
export const firstToken = (schedule: Schedule): Schedule =>
  schedule.prefix === "warm" ? schedule : { ...schedule, prefix: "warm" }

/** The host has answered a call. */
export const responded = (schedule: Schedule): Schedule => {
  const { capacity, max, threshold } = schedule
  const growth = capacity < threshold ? 1 : 1 / capacity
  return { ...schedule, prefix: "warm", capacity: Math.min(max, capacity + growth) }
}

/** The host has refused a call of a working agent because of a rate limit or its load. */
export const refused = (schedule: Schedule, now: number): Schedule => {
  if (now - schedule.reducedAt < reductionGap) return schedule
  const capacity = Math.max(1, Math.floor(Math.min(schedule.capacity, schedule.working.size) / 2))
  return { ...schedule, capacity, threshold: capacity, reducedAt: now }
}

export const suspend = (schedule: Schedule): Schedule => ({ ...schedule, isSuspended: true })

export const resume = (schedule: Schedule): Schedule => ({ ...schedule, isSuspended: false })

/** Agents that begin to work, and the time at which the next one may. */
export interface Admitted {
  readonly schedule: Schedule
  readonly ids: ReadonlyArray<string>
  readonly wakeAt: number | undefined
}

const roomOf = ({ capacity, isSuspended, prefix, working }: Schedule): number => {
  if (isSuspended || typeof prefix === "object") return 0
  return prefix === "cold" ? Math.min(1, Math.floor(capacity) - working.size) : Math.floor(capacity) - working.size
}

/** Lets as many agents work as may. */
export const admit = (schedule: Schedule, now: number): Admitted => {
  const room = roomOf(schedule)
  if (room <= 0) return { schedule, ids: [], wakeAt: undefined }
  const ready = schedule.waiting.filter(({ notBefore }) => notBefore <= now).slice(0, room)
  const ids = ready.map(({ id }) => id)
  const started = new Set(ids)
  const waiting = schedule.waiting.filter(({ id }) => !started.has(id))
  const [first] = ids
  const later = waiting.filter(({ notBefore }) => notBefore > now).map(({ notBefore }) => notBefore)
  return {
    ids,
    schedule: {
      ...schedule,
      waiting,
      working: new Set([...schedule.working, ...ids]),
      prefix: schedule.prefix === "cold" && first !== undefined ? { agent: first } : schedule.prefix
    },
    wakeAt: ids.length < room && later.length > 0 ? Math.min(...later) : undefined
  }
}
