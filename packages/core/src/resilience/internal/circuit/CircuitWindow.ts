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
export interface CallResult {
  readonly isFailure: boolean
  readonly isSlow: boolean
}

/**
 * Counted calls.
 *
 * @category models
 * @since 0.1.0
 */
export interface CallCounts {
  readonly calls: number
  readonly failures: number
  readonly slow: number
}

interface Slot extends CallCounts {
  /** Number of the slot since the epoch. */
  readonly index: number
}

/**
 * The memory of a window. Of a window of time, `latest` is the slot that
 * counts now, `earlier` those before it, and `total` all of them together, so
 * that most calls touch nothing else.
 *
 * @category models
 * @since 0.1.0
 */
export type WindowState =
  | { readonly _tag: "Count"; readonly calls: ReadonlyArray<CallResult> }
  | {
      readonly _tag: "Time"
      readonly earlier: ReadonlyArray<Slot>
      readonly latest: Slot | undefined
      readonly total: CallCounts
    }

const slotsPerWindow = 10

const noCalls: CallCounts = { calls: 0, failures: 0, slow: 0 }

const addCall = (tally: CallCounts, { isFailure, isSlow }: CallResult): CallCounts => ({
  calls: tally.calls + 1,
  failures: tally.failures + (isFailure ? 1 : 0),
  slow: tally.slow + (isSlow ? 1 : 0)
})

const sumSlots = (slots: ReadonlyArray<Slot>): CallCounts => {
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
export const empty = (window: Window): WindowState =>
  window._tag === "Count"
    ? { _tag: "Count", calls: [] }
    : { _tag: "Time", earlier: [], latest: undefined, total: noCalls }

const slotIndex = (now: number, millis: number): number => Math.floor((now * slotsPerWindow) / millis)

const addToSlot = ({ calls, failures, index: slot, slow }: Slot, { isFailure, isSlow }: CallResult): Slot => ({
  index: slot,
  calls: calls + 1,
  failures: failures + (isFailure ? 1 : 0),
  slow: slow + (isSlow ? 1 : 0)
})

/** The slots that are still inside the window, or ahead of it by less than a window since the clock went back. */
const currentSlots = (memory: WindowState, slot: number): ReadonlyArray<Slot> => {
  if (memory._tag === "Count" || memory.latest === undefined) return []
  return [...memory.earlier, memory.latest].filter((entry) => Math.abs(entry.index - slot) < slotsPerWindow)
}

/**
 * Remembers one more call. A memory of the other kind of window begins anew.
 *
 * @category combinators
 * @since 0.1.0
 */
export const add = (memory: WindowState, window: Window, call: CallResult, now: number): WindowState => {
  if (window._tag === "Count") {
    const calls = memory._tag === "Count" ? memory.calls : []
    return { _tag: "Count", calls: [...calls, call].slice(-window.size) }
  }
  const slot = slotIndex(now, window.millis)
  if (memory._tag === "Time" && memory.latest?.index === slot) {
    const { earlier, latest, total } = memory
    return { _tag: "Time", earlier, latest: addToSlot(latest, call), total: addCall(total, call) }
  }
  const slots = currentSlots(memory, slot)
  const last = slots.at(-1)
  // A clock that went back adds to the newest slot there is.
  const isBehind = last !== undefined && last.index >= slot
  const earlier = isBehind ? slots.slice(0, -1) : slots
  const latest = addToSlot(isBehind ? last : { index: slot, ...noCalls }, call)
  return { _tag: "Time", earlier, latest, total: sumSlots([...earlier, latest]) }
}

/**
 * What is in the window now.
 *
 * @category conversions
 * @since 0.1.0
 */
export const count = (memory: WindowState, window: Window, now: number): CallCounts => {
  if (window._tag === "Count") return memory._tag === "Count" ? memory.calls.reduce(addCall, noCalls) : noCalls
  const slot = slotIndex(now, window.millis)
  return memory._tag === "Time" && memory.latest?.index === slot ? memory.total : sumSlots(currentSlots(memory, slot))
}
