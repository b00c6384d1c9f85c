/** Whether the clock of this machine is right, by the date of a response. Certificates and signatures depend on it. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as Option from "effect/Option"
import type { Check } from "../schemas/doctor.ts"
import { ok, problem, skipped, within } from "./check.ts"

const allowedMillis = 120_000

/** The date of a response, without the key: any response has one. */
export const check = (baseUrl: string): Effect.Effect<Check, never, HttpClient.HttpClient> =>
  Effect.gen(function* () {
    const response = yield* HttpClient.get(`${baseUrl}/models`)
    const now = yield* Clock.currentTimeMillis
    const date = Date.parse(response.headers["date"] ?? "")
    if (Number.isNaN(date)) return skipped("clock", "The host sends no date")
    const skew = Math.round((now - date) / 1000)
    return Math.abs(now - date) <= allowedMillis
      ? ok("clock", `${Math.abs(skew)} s from the host's`)
      : problem(
          "clock",
          `The clock is ${Math.abs(skew)} s ${skew > 0 ? "ahead of" : "behind"} the host's`,
          "Set the clock of this machine, or turn on its synchronization."
        )
  }).pipe(
    within,
    Effect.map(Option.getOrElse(() => skipped("clock", "The host does not answer"))),
    Effect.orElseSucceed(() => skipped("clock", "The host does not answer"))
  )
