/**
 * What a circuit remembers of its latest calls: a window over a number of
 * calls or over a span of time.
 *
 * @since 0.1.0
 */

/**
 * Which calls a rate is taken over.
 *
 * - `Count`: the latest `size` calls.
 * - `Time`: the calls of the latest `millis` milliseconds, kept in ten slots,
 *   so that a call leaves the window up to a tenth of its span late.
 *
 * @category models
 * @since 0.1.0
 */
export type Window =
  | { readonly _tag: "Count"; readonly size: number }
  | { readonly _tag: "Time"; readonly millis: number }

/**
 * One call, as a rate sees it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Call {
  readonly isFailure: boolean
  readonly isSlow: boolean
}

/**
 * Counted calls.
 *
 * @category models
 * @since 0.1.0
 */
export interface Tally {
  readonly calls: number
  readonly failures: number
  readonly slow: number
}

interface Slot extends Tally {
  /** Number of the slot since the epoch. */
  readonly slot: number
}

/**
 * The memory of a window. Of a window of time, `latest` is the slot that
 * counts now, `earlier` those before it, and `total` all of them together, so
 * that most calls touch nothing else.
 *
 * @category models
 * @since 0.1.0
 */
export type Memory =
  | { readonly _tag: "Count"; readonly calls: ReadonlyArray<Call> }
  | {
      readonly _tag: "Time"
      readonly earlier: ReadonlyArray<Slot>
      readonly latest: Slot | undefined
      readonly total: Tally
    }

const slotsPerWindow = 10

const none: Tally = { calls: 0, failures: 0, slow: 0 }

const plus = (tally: Tally, { isFailure, isSlow }: Call): Tally => ({
  calls: tally.calls + 1,
  failures: tally.failures + (isFailure ? 1 : 0),
  slow: tally.slow + (isSlow ? 1 : 0)
})

const sum = (slots: ReadonlyArray<Slot>): Tally => {
  let calls = 0
  let failures = 0
  let slow = 0
  for (const slot of slots) {
    calls += slot.calls
    failures += slot.failures
    slow += slot.slow
  }
  return { calls, failures, slow }
}

/**
 * A memory of nothing.
 *
 * @category constructors
 * @since 0.1.0
 */
export const empty = (window: Window): Memory =>
  window._tag === "Count" ? { _tag: "Count", calls: [] } : { _tag: "Time", earlier: [], latest: undefined, total: none }

const slotOf = (now: number, millis: number): number => Math.floor((now * slotsPerWindow) / millis)

const counted = ({ calls, failures, slot, slow }: Slot, { isFailure, isSlow }: Call): Slot => ({
  slot,
  calls: calls + 1,
  failures: failures + (isFailure ? 1 : 0),
  slow: slow + (isSlow ? 1 : 0)
})

/** The slots that are still inside the window, or ahead of it by less than a window since the clock went back. */
const current = (memory: Memory, slot: number): ReadonlyArray<Slot> => {
  if (memory._tag === "Count" || memory.latest === undefined) return []
  return [...memory.earlier, memory.latest].filter((entry) => Math.abs(entry.slot - slot) < slotsPerWindow)
}

/**
 * Remembers one more call. A memory of the other kind of window begins anew.
 *
 * @category combinators
 * @since 0.1.0
 */
export const add = (memory: Memory, window: Window, call: Call, now: number): Memory => {
  if (window._tag === "Count") {
    const calls = memory._tag === "Count" ? memory.calls : []
    return { _tag: "Count", calls: [...calls, call].slice(-window.size) }
  }
  const slot = slotOf(now, window.millis)
  if (memory._tag === "Time" && memory.latest?.slot === slot) {
    const { earlier, latest, total } = memory
    return { _tag: "Time", earlier, latest: counted(latest, call), total: plus(total, call) }
  }
  const slots = current(memory, slot)
  const last = slots.at(-1)
  // A clock that went back adds to the newest slot there is.
  const isBehind = last !== undefined && last.slot >= slot
  const earlier = isBehind ? slots.slice(0, -1) : slots
  const latest = counted(isBehind ? last : { slot, ...none }, call)
  return { _tag: "Time", earlier, latest, total: sum([...earlier, latest]) }
}

/**
 * What is in the window now.
 *
 * @category conversions
 * @since 0.1.0
 */
export const tally = (memory: Memory, window: Window, now: number): Tally => {
  if (window._tag === "Count") return memory._tag === "Count" ? memory.calls.reduce(plus, none) : none
  const slot = slotOf(now, window.millis)
  return memory._tag === "Time" && memory.latest?.slot === slot ? memory.total : sum(current(memory, slot))
}
