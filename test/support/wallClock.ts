/**
 * A time of day that is set while time passes, as NTP, an administrator or the
 * move of a virtual machine does it.
 */
export { withWallClock } from "../../packages/testing/src/internal/schedule/wallClock.ts"

/** How far clocks are set: back and forward. */
export const jumps: ReadonlyArray<readonly [name: string, millis: number]> = [
  ["back by an hour", -3_600_000],
  ["forward by an hour", 3_600_000]
]
