/**
 * A simulated day at tier 2 with two outages and 30 % transient failures: its
 * duration and its results. It runs in a process with a larger young generation
 * (`--max-semi-space-size=64`), which saves a quarter of the time.
 */
import type { Figure } from "../harness/Figure.ts"
import { start } from "../harness/childProcess.ts"
import type { Result } from "./dayProbe.ts"

const full = { calls: 86_400, hours: 24 } as const
const quick = { calls: 14_400, hours: 4 } as const

export const run = async (isQuick: boolean): Promise<ReadonlyArray<Figure>> => {
  const { calls, hours } = isQuick ? quick : full
  const probe = await start<Result>(
    new URL("./dayProbe.ts", import.meta.url),
    [`${calls}`, `${hours}`],
    ["--max-semi-space-size=64"]
  )
  const result = probe.message
  await probe.stop()
  const time = { name: `time to simulate ${calls} calls`, value: result.seconds, unit: "s" }
  const success = { value: result.successOutsideOutages * 100, unit: "%", isHigherBetter: true }
  return [
    isQuick ? time : { ...time, threshold: 10 },
    { name: "CPU per attempt", value: result.perAttempt, unit: "µs" },
    // In a few hours, the minutes after an outage in which circuits still probe the host weigh more than in a day.
    { name: "calls that succeed outside outages", ...success, ...(isQuick ? {} : { threshold: 99.9 }) },
    { name: "calls that succeed", value: result.success * 100, unit: "%" },
    { name: "429s for limits in steady state", value: result.rateLimited, unit: "", threshold: 0 },
    {
      name: "most attempts during an outage after its circuit opened",
      value: result.attemptsAfterOpening,
      unit: "",
      threshold: 20
    },
    { name: "openings of circuits", value: result.openings, unit: "" },
    { name: "attempts per call", value: result.attemptsPerCall, unit: "" }
  ]
}
