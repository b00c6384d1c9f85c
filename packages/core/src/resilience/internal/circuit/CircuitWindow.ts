/**
 * The latest calls of a circuit: a window over a number of calls or over a span
 * of time.
 *
 * @since 0.1.0
 */

/**
 * The calls over which a rate is computed.
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
 * The result of one call.
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
 * The state of a window. For a window of time, `latest` is the current slot,
 * `earlier` are those before it, and `total` is the sum of all, so that most
 * calls update nothing else.
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

const addCall = (counts: CallCounts, { isFailure, isSlow }: CallResult): CallCounts => ({
  calls: counts.calls + 1,
  failures: counts.failures + (isFailure ? 1 : 0),
  slow: counts.slow + (isSlow ? 1 : 0)
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
 * An empty window.
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

/** The slots within the window, and those ahead of it by less than a window because the clock went back. */
const currentSlots = (state: WindowState, slot: number): ReadonlyArray<Slot> => {
  if (state._tag === "Count" || state.latest === undefined) return []
  return [...state.earlier, state.latest].filter((entry) => Math.abs(entry.index - slot) < slotsPerWindow)
}

/**
 * Adds a call. The state of another kind of window is dropped.
 *
 * @category combinators
 * @since 0.1.0
 */
export const add = (state: WindowState, window: Window, call: CallResult, now: number): WindowState => {
  if (window._tag === "Count") {
    const calls = state._tag === "Count" ? state.calls : []
    return { _tag: "Count", calls: [...calls, call].slice(-window.size) }
  }
  const slot = slotIndex(now, window.millis)
  if (state._tag === "Time" && state.latest?.index === slot) {
    const { earlier, latest, total } = state
    return { _tag: "Time", earlier, latest: addToSlot(latest, call), total: addCall(total, call) }
  }
  const slots = currentSlots(state, slot)
  const last = slots.at(-1)
  // A clock that went back adds to the newest slot there is.
  const isBehind = last !== undefined && last.index >= slot
  const earlier = isBehind ? slots.slice(0, -1) : slots
  const latest = addToSlot(isBehind ? last : { index: slot, ...noCalls }, call)
  return { _tag: "Time", earlier, latest, total: sumSlots([...earlier, latest]) }
}

/**
 * The counts of the window now.
 *
 * @category conversions
 * @since 0.1.0
 */
export const count = (state: WindowState, window: Window, now: number): CallCounts => {
  if (window._tag === "Count") return state._tag === "Count" ? state.calls.reduce(addCall, noCalls) : noCalls
  const slot = slotIndex(now, window.millis)
  return state._tag === "Time" && state.latest?.index === slot ? state.total : sumSlots(currentSlots(state, slot))
}

/**
 * The same window with its slots moved by some milliseconds, to whole slots.
 *
 * @category combinators
 * @since 0.1.0
 */
export const shift = (state: WindowState, window: Window, millis: number): WindowState => {
  if (state._tag === "Count" || window._tag === "Count" || state.latest === undefined) return state
  const slots = Math.round((millis * slotsPerWindow) / window.millis)
  const moved = (slot: Slot): Slot => ({ ...slot, index: slot.index + slots })
  return { ...state, earlier: state.earlier.map(moved), latest: moved(state.latest) }
}
