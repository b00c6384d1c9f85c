/**
 * A sliding window written to be read: a list of everything that was spent.
 */
interface Spent {
  readonly at: number
  readonly amount: number
}

export const makeReference = (windowMillis: number, slotMillis: number) => {
  const spent: Array<Spent> = []
  let latest = 0

  const at = (now: number): number => {
    latest = Math.max(latest, now)
    return latest
  }

  /** The first end of a slot at which everything that was spent beside this has left the window. */
  const leavesAt = (entry: Spent): number => {
    const endOfSlot = (Math.floor(entry.at / slotMillis) + 1) * slotMillis
    return Math.ceil((endOfSlot + windowMillis) / slotMillis) * slotMillis
  }

  const total = (entries: ReadonlyArray<Spent>): number => entries.reduce((sum, { amount }) => sum + amount, 0)

  return {
    add: (amount: number, now: number): Spent => {
      const entry = { at: at(now), amount }
      spent.push(entry)
      return entry
    },
    /** Takes back something that was spent. */
    remove: (entry: Spent, now: number): void => {
      at(now)
      spent.splice(spent.indexOf(entry), 1)
    },
    /** What a window counts that goes by whole slots. */
    sum: (now: number): number => total(spent.filter((entry) => leavesAt(entry) > at(now))),
    /** The same without making the time pass. */
    sumAt: (time: number): number => total(spent.filter((entry) => leavesAt(entry) > Math.max(time, latest))),
    /** What was spent in a window that ends at a time, to the millisecond. */
    exact: (end: number): number => total(spent.filter((entry) => entry.at > end - windowMillis && entry.at <= end)),
    spent
  }
}
