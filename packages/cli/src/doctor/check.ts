/** Results of checks. */
import type { KimiError } from "@kimi-effect/core/KimiError"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Configuration } from "../configuration.ts"
import type { Check } from "../schemas/doctor.ts"

export const ok = (name: string, message: string): Check => ({ name, status: "ok", message })

export const warning = (name: string, message: string, fix: string): Check => ({
  name,
  status: "warning",
  message,
  fix
})

export const problem = (name: string, message: string, fix: string): Check => ({
  name,
  status: "problem",
  message,
  fix
})

/** What an option must be, as what to do. */
export const setTo = (expected: string): string => `Set it to ${expected}${/[.?]$/.test(expected) ? "" : "."}`

export const skipped = (name: string, message: string): Check => ({ name, status: "skipped", message })

/** An error of the library names its own fix. */
export const ofError = (name: string, { hint, message }: Pick<KimiError, "hint" | "message">): Check =>
  problem(name, message, hint)

/** The longest wait for one answer. The timeouts of calls are far longer, since a model may think for minutes. */
const longestWait = Duration.seconds(10)

/** How a check without an answer is described. */
export const unanswered = `has not answered within ${Duration.toSeconds(longestWait)} seconds`

/** The answer, or none if it takes too long. */
export const within = <A, E, R>(answer: Effect.Effect<A, E, R>): Effect.Effect<Option.Option<A>, E, R> =>
  Effect.timeoutOption(answer, longestWait)

/** Where an option is set: `KIMI_CACHE`, `--cache`, or `cache in kimi.json`. */
export const placeOf = ({ origins }: Pick<Configuration, "origins">, name: KimiConfig.Name): string =>
  (origins[name] ?? name)
    .replace(/^flag /, "")
    .replace(/^environment \((.*)\)$/, "$1")
    .replace(/^file (.*) \((.*)\)$/, "$2 in $1")

/** Where an option is to be changed: where it is set, or else its variable. */
export const changeableAt = (found: Pick<Configuration, "origins">, name: KimiConfig.Name): string =>
  found.origins[name] === undefined ? KimiConfig.variableName(name) : placeOf(found, name)
