/** Searches, replays and shrinks schedules. It is loaded by the first of them, with the clients that it runs. */
import { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as CallSchedule from "../../schedule/CallSchedule.ts"
import { laws as allLaws, type Violation } from "../../schedule/Violation.ts"
import { defaults, type Failure, type Options, type Subject } from "../../ScheduleSearch.ts"
import { runSchedule } from "./runSchedule.ts"
import { candidates } from "./shrink.ts"
import { violationsOf } from "./violations.ts"

type Issue = ConfigurationError["issues"][number]

export const replay = <E = never>(
  schedule: CallSchedule.CallSchedule,
  subject: Subject<E> = {}
): Effect.Effect<ReadonlyArray<Violation>, E | ConfigurationError> =>
  Effect.map(runSchedule(schedule, subject), violationsOf)

type Shrunk = readonly [schedule: CallSchedule.CallSchedule, violations: ReadonlyArray<Violation>]

/** Keeps the first law of the violations broken. `check` returns what counts as a violation. */
const shrinkWith = Effect.fnUntraced(function* <E>(
  failing: Shrunk,
  check: (schedule: CallSchedule.CallSchedule) => Effect.Effect<ReadonlyArray<Violation>, E>,
  maxRuns: number
): Effect.fn.Return<Shrunk, E> {
  const law = failing[1][0]?.law
  let smallest = failing
  let runs = 0
  let isSmaller = law !== undefined
  while (isSmaller) {
    isSmaller = false
    for (const candidate of candidates(smallest[0])) {
      if (runs >= maxRuns) return smallest
      runs += 1
      const found = yield* check(candidate)
      if (!found.some((violation) => violation.law === law)) continue
      smallest = [candidate, found]
      isSmaller = true
      break
    }
  }
  return smallest
})

export const shrink = <E = never>(
  schedule: CallSchedule.CallSchedule,
  violations: ReadonlyArray<Violation>,
  subject: Subject<E> = {},
  maxRuns: number = defaults.maxShrinks
): Effect.Effect<Shrunk, E | ConfigurationError> =>
  shrinkWith([schedule, violations], (candidate) => replay(candidate, subject), maxRuns)

/** All issues of the options. */
const issuesOf = ({ calls, maxShrinks, runs, span }: Options<unknown>): ReadonlyArray<Issue> => {
  const counts: ReadonlyArray<readonly [name: string, count: number | undefined, least: number]> = [
    ["calls", calls, 1],
    ["span", span, 1],
    ["runs", runs, 1],
    ["maxShrinks", maxShrinks, 0]
  ]
  return counts
    .filter(([, count, least]) => count !== undefined && !(Number.isInteger(count) && count >= least))
    .map(([name, , least]) => ({ name, expected: `a whole number of at least ${least}` }))
}

export const search = Effect.fnUntraced(function* <E = never>(
  options: Options<E>
): Effect.fn.Return<Option.Option<Failure>, E | ConfigurationError> {
  const issues = issuesOf(options)
  if (issues.length > 0) return yield* Effect.fail(ConfigurationError.of(issues))
  const { laws = allLaws, maxShrinks = defaults.maxShrinks, runs = defaults.runs, seed } = options
  const check = (schedule: CallSchedule.CallSchedule) =>
    Effect.map(replay(schedule, options), (all) => all.filter(({ law }) => laws.includes(law)))
  for (let run = 1; run <= runs; run += 1) {
    const original = yield* CallSchedule.make(`${seed}/${run}`, options)
    const violations = yield* check(original)
    if (violations.length === 0) continue
    const [schedule, left] = yield* shrinkWith([original, violations], check, maxShrinks)
    return Option.some({ seed: original.seed, runs: run, original, schedule, violations: left })
  }
  return Option.none()
})
