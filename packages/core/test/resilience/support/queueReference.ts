/**
 * The order of waiting calls, computed from a list every time.
 */
import { priorities, type Priority } from "../../../src/CallOptions.ts"

export interface Caller {
  readonly name: number
  readonly priority: Priority
  readonly tenant: string
}

/** After this many calls of others a priority is served. */
const maxSkips = 8

export const makeReference = () => {
  let waiting: ReadonlyArray<Caller> = []
  let time = 0
  /** When each tenant of a priority was moved to the end. */
  const inLineSince = new Map<string, number>()
  /** The calls of others since a priority was served, or started to wait. */
  const turnsOfOthers = new Map<Priority, number>()

  const line = ({ priority, tenant }: Caller) => `${priority} ${tenant}`
  const waits = (priority: Priority) => waiting.some((caller) => caller.priority === priority)
  const without = (gone: Caller) => {
    waiting = waiting.filter((caller) => caller !== gone)
    if (!waits(gone.priority)) turnsOfOthers.delete(gone.priority)
  }

  const next = (): Caller | undefined => {
    const candidates = priorities.filter(waits)
    const priority = candidates.find((candidate) => (turnsOfOthers.get(candidate) ?? 0) >= maxSkips) ?? candidates.at(0)
    const own = waiting.filter((caller) => caller.priority === priority)
    const since = (caller: Caller) => inLineSince.get(line(caller)) ?? 0
    const first = Math.min(...own.map(since))
    return own.find((caller) => since(caller) === first)
  }

  return {
    next,
    size: () => waiting.length,
    sizeOf: (priority: Priority) => waiting.filter((caller) => caller.priority === priority).length,
    all: () => waiting,
    waits,
    add: (caller: Caller) => {
      time += 1
      if (!waiting.some((other) => line(other) === line(caller))) inLineSince.set(line(caller), time)
      waiting = [...waiting, caller]
    },
    remove: (caller: Caller): boolean => {
      const isThere = waiting.includes(caller)
      if (isThere) without(caller)
      return isThere
    },
    take: (): Caller | undefined => {
      const caller = next()
      if (caller === undefined) return undefined
      time += 1
      for (const other of priorities.filter(waits)) {
        turnsOfOthers.set(other, other === caller.priority ? 0 : (turnsOfOthers.get(other) ?? 0) + 1)
      }
      without(caller)
      inLineSince.set(line(caller), time)
      return caller
    }
  }
}
