/**
 * Forms of options of the budget that are neither caps nor plain values.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import * as Day from "../Day.ts"
import { type OptionForm, parsed } from "./OptionForm.ts"

/**
 * What is charged for an attempt whose response was lost.
 *
 * @category models
 * @since 0.1.0
 */
export type LostAttempts = "upper bound" | { readonly tokensPerSecond: number }

const lostAttemptsForm = '"upper bound", or a rate such as "200 tokens per second"'

const rateOf = (found: unknown): number => {
  if (typeof found === "string") return Number(/^(\d{1,9}(?:\.\d{1,9})?) tokens per second$/.exec(found.trim())?.[1])
  if (typeof found !== "object" || found === null || !("tokensPerSecond" in found)) return Number.NaN
  return typeof found.tokensPerSecond === "number" ? found.tokensPerSecond : Number.NaN
}

/**
 * `upper bound`, or a rate.
 *
 * @category forms
 * @since 0.1.0
 */
export const lostAttempts: OptionForm<LostAttempts, LostAttempts | string> = parsed({
  expected: lostAttemptsForm,
  parse: (found) => {
    if (found === "upper bound") return Result.succeed<LostAttempts>("upper bound")
    const tokensPerSecond = rateOf(found)
    return Number.isFinite(tokensPerSecond) && tokensPerSecond > 0
      ? Result.succeed<LostAttempts>({ tokensPerSecond })
      : Result.fail([{ at: "", expected: lostAttemptsForm }])
  },
  format: (value) => (value === "upper bound" ? value : `${value.tokensPerSecond} tokens per second`)
})

const timeZoneForm = "an IANA time zone, such as Europe/Berlin"

/**
 * The name of a time zone.
 *
 * @category forms
 * @since 0.1.0
 */
export const timeZone: OptionForm<string> = parsed<string, string>({
  expected: timeZoneForm,
  parse: (found) =>
    typeof found === "string" && Day.zoneOf(found) !== undefined
      ? Result.succeed(found)
      : Result.fail([{ at: "", expected: timeZoneForm }]),
  format: (value) => value
})
