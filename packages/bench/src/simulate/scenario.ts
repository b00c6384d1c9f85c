/**
 * Simulations: a day at tier 2 with two outages and 30 % transient failures,
 * its duration and its results; the comparison of five configurations on the
 * calls of a day; and a search of random schedules. Each runs in a process with
 * a larger young generation (`--max-semi-space-size=64`), which saves a quarter
 * of the time.
 */
import type { Figure } from "../harness/Figure.ts"
import { start } from "../harness/childProcess.ts"
import type { Result } from "./dayProbe.ts"

const full = { calls: 86_400, hours: 24, schedules: 1_000 } as const
const quick = { calls: 14_400, hours: 4, schedules: 100 } as const

const runProbe = async <A>(file: string, args: ReadonlyArray<number>): Promise<A> => {
  const probe = await start<A>(new URL(file, import.meta.url), args.map(String), ["--max-semi-space-size=64"])
  await probe.stop()
  return probe.message
}

/** The cost of a simulated attempt, which is a ratio and so independent of the machine. */
const perAttempt = ({ perAttempt, perCall }: Result): ReadonlyArray<Figure> => [
  { name: "CPU per attempt", value: perAttempt, unit: "µs" },
  { name: "CPU per attempt to that of a call outside a simulation", value: perAttempt / perCall, unit: "x" }
]

const measureDay = (calls: number, hours: number): Promise<Result> => runProbe<Result>("./dayProbe.ts", [calls, hours])

/** The ratios of a short simulation. */
export const runRatios = async (): Promise<ReadonlyArray<Figure>> =>
  perAttempt(await measureDay(quick.calls, quick.hours))

export const run = async (isQuick: boolean): Promise<ReadonlyArray<Figure>> => {
  const { calls, hours, schedules } = isQuick ? quick : full
  const result = await measureDay(calls, hours)
  const comparison = await runProbe<number>("./compareProbe.ts", [calls, hours])
  const search = await runProbe<number>("./scheduleProbe.ts", [schedules])
  const time = (name: string, value: number, threshold: number): Figure =>
    isQuick ? { name, value, unit: "s" } : { name, value, unit: "s", threshold }
  const success = { value: result.successOutsideOutages * 100, unit: "%", isHigherBetter: true }
  return [
    time(`time to simulate ${calls} calls`, result.seconds, 10),
    time(`time to compare five configurations on ${calls} calls`, comparison, 40),
    time(`time to run ${schedules} random schedules of 50 calls`, search, 60),
    ...perAttempt(result),
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
