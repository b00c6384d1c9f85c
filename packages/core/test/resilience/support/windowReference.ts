/**
 * A simple sliding window: a list of all amounts.
 */
interface Amount {
  readonly at: number
  readonly amount: number
}

export const makeReference = (windowMillis: number, slotMillis: number) => {
  const spent: Array<Amount> = []
  let latest = 0

  const at = (now: number): number => {
    latest = Math.max(latest, now)
    return latest
  }

  /** The first end of a slot at which all other amounts have left the window. */
  const leavesAt = (entry: Amount): number => {
    const endOfSlot = (Math.floor(entry.at / slotMillis) + 1) * slotMillis
    return Math.ceil((endOfSlot + windowMillis) / slotMillis) * slotMillis
  }

  const total = (entries: ReadonlyArray<Amount>): number => entries.reduce((sum, { amount }) => sum + amount, 0)

  return {
    add: (amount: number, now: number): Amount => {
      const entry = { at: at(now), amount }
      spent.push(entry)
      return entry
    },
    /** Removes an amount. */
    remove: (entry: Amount, now: number): void => {
      at(now)
      spent.splice(spent.indexOf(entry), 1)
    },
    /** The sum of a window over whole slots. */
    sum: (now: number): number => total(spent.filter((entry) => leavesAt(entry) > at(now))),
    /** The same without advancing the time. */
    sumAt: (time: number): number => total(spent.filter((entry) => leavesAt(entry) > Math.max(time, latest))),
    /** The sum of a window that ends at a time, to the millisecond. */
    exact: (end: number): number => total(spent.filter((entry) => entry.at > end - windowMillis && entry.at <= end)),
    spent
  }
}
