/** Prints the effective options with their origin. */
import { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as configuration from "../configuration.ts"
import type { Given } from "../optionFlags.ts"
import * as Output from "../output.ts"
import type { ConfigOptions } from "../schemas/config.ts"
import { unusable } from "./configProblems.ts"
import { hidden } from "./shownValue.ts"

interface Input {
  readonly all: boolean
  readonly json: boolean
  readonly options: Given
}

type Row = ConfigOptions["options"][number]

const textOf = (name: KimiConfig.Name, value: unknown): string | null => {
  const { format }: { format(value: unknown): string } = KimiConfig.options[name]
  return value === undefined ? null : hidden(format(value))
}

const names = Object.keys(KimiConfig.options) as ReadonlyArray<KimiConfig.Name>

/** Rows of the options whose values can be used. The others are read one by one, since no configuration has them. */
const usable = Effect.fnUntraced(function* (
  { overrides, provider }: configuration.Gathered,
  origins: configuration.Origins,
  settings: KimiConfig.Values | undefined
) {
  const rows: Array<Row> = []
  for (const name of names) {
    const value = settings === undefined ? yield* configuration.valueOf(name, overrides, provider) : settings[name]
    rows.push({
      name,
      value: name === "apiKey" && origins.apiKey === undefined ? null : textOf(name, value),
      origin: origins[name] ?? "default"
    })
  }
  return rows
})

const toText = (rows: ReadonlyArray<Row>): string =>
  rows.length === 0
    ? "Every option has its default; kimi config --all lists them."
    : Output.table([
        ["OPTION", "VALUE", "ORIGIN"],
        ...rows.map(({ expected, name, origin, value }) => [
          Output.plain(name),
          Output.plain(value ?? "none"),
          Output.plain(expected === undefined ? origin : `${origin}: INVALID, expected ${expected}`)
        ])
      ])

export const run = Effect.fnUntraced(function* ({ all, json, options }: Input) {
  const gathered = yield* configuration.withAnyKey(yield* configuration.gather(options))
  const { issues } = gathered
  const origins = yield* configuration.originsOf(gathered)
  const checked = yield* Effect.result(configuration.check(gathered))
  const failed = [...issues, ...(Result.isFailure(checked) ? checked.failure.issues : [])]
  const settings = Result.isSuccess(checked) ? checked.success.config : undefined
  const invalid = yield* unusable(failed, { ...gathered, origins }, options)
  const valid = (yield* usable(gathered, origins, settings)).filter(
    ({ name }) => (all || origins[name as KimiConfig.Name] !== undefined) && !invalid.some((row) => row.name === name)
  )
  const order = (row: Row): number => names.findIndex((name) => name === row.name) + 1 || names.length + 1
  const result: ConfigOptions = { options: [...valid, ...invalid].toSorted((a, b) => order(a) - order(b)) }
  yield* json ? Output.json(result) : Output.line(toText(result.options))
  if (failed.length > 0) return yield* Effect.fail(ConfigurationError.of(failed))
})
