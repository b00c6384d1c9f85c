/** Whether every option can be used, and whether the key is where it is expected. */
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import { counted } from "@kimi-effect/core/internal/Counted"
import * as UnknownVariables from "@kimi-effect/core/internal/UnknownVariables"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Configuration } from "../configuration.ts"
import type { Check } from "../schemas/doctor.ts"
import { ok, problem, setTo, warning } from "./check.ts"

/** One problem for each option. */
export const ofFailure = ({ issues }: ConfigurationError): ReadonlyArray<Check> =>
  issues.map(({ expected, name }) => problem("configuration", `${name} cannot be used`, setTo(expected)))

const bothKeys = Effect.gen(function* () {
  const [first, second] = [
    yield* Effect.option(Config.String("KIMI_API_KEY")),
    yield* Effect.option(Config.String("MOONSHOT_API_KEY"))
  ]
  return Option.isSome(first) && Option.isSome(second) && first.value !== second.value
})

/** Variables of the environment and of the files that set no option. */
export const unknownVariables = (provider: ConfigProvider.ConfigProvider): Effect.Effect<ReadonlyArray<Check>> =>
  Effect.map(Effect.provideService(UnknownVariables.find, ConfigProvider.ConfigProvider, provider), (unknown) =>
    unknown.map(({ name, nearest }) => {
      const fix = nearest === undefined ? "Unset it; kimi config --all lists the options." : `Did you mean ${nearest}?`
      return warning("configuration", `The variable ${name} sets no option`, fix)
    })
  )

export const check = Effect.fnUntraced(function* ({ origins, provider: source, settings }: Configuration) {
  const count = Object.keys(origins).length
  const checks: Array<Check> = [
    ok("configuration", `${counted(count, "option")} ${count === 1 ? "is" : "are"} set; kimi config lists them`)
  ]
  const { apiKey, provider } = settings.config
  if (apiKey === undefined) checks.push(ok("key", `${provider} needs none`))
  else checks.push(ok("key", `from ${origins.apiKey ?? "default"}`))
  if (yield* bothKeys) {
    checks.push(
      warning(
        "key",
        "KIMI_API_KEY and MOONSHOT_API_KEY differ; KIMI_API_KEY is used",
        "Unset the one that is not meant."
      )
    )
  }
  return [...checks, ...(yield* unknownVariables(source))]
})
