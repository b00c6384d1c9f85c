/**
 * Circuits as data that is valid outside of this process: their times are then
 * Unix times instead of those of `MonotonicClock`.
 *
 * @since 0.1.0
 */
import type * as Circuit from "./Circuit.ts"
import * as CircuitWindow from "./CircuitWindow.ts"

/**
 * The same circuit with all of its times moved by some milliseconds.
 *
 * @category combinators
 * @since 0.1.0
 */
export const shift = (circuit: Circuit.Circuit, window: CircuitWindow.Window, millis: number): Circuit.Circuit => {
  switch (circuit._tag) {
    case "Closed":
      return { ...circuit, windowState: CircuitWindow.shift(circuit.windowState, window, millis) }
    case "Open":
      return { ...circuit, until: circuit.until + millis }
    case "HalfOpen": {
      const moved = (probe: Circuit.Probe): Circuit.Probe => ({ ...probe, startedAt: probe.startedAt + millis })
      return {
        ...circuit,
        probes: circuit.probes.map(moved),
        expiredProbes: circuit.expiredProbes.map(moved)
      }
    }
    case "Isolated":
    case "ForcedClosed":
      return circuit
  }
}
