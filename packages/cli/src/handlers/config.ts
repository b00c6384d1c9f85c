/** Prints the effective options with their origin. */
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import * as Effect from "effect/Effect"
import * as configuration from "../configuration.ts"
import type { Given } from "../optionFlags.ts"
import * as Output from "../output.ts"
import type { ConfigOptions } from "../schemas/config.ts"

interface Input {
  readonly all: boolean
  readonly json: boolean
  readonly options: Given
}

/** Values whose form does not hide a password in a URL are hidden here. */
const hidden = (text: string): string => text.replaceAll(/(:\/\/)[^/?#\s]*@/g, "$1<redacted>@")

const textOf = (name: KimiConfig.Name, value: unknown): string | null => {
  const { format }: { format(value: unknown): string } = KimiConfig.options[name]
  return value === undefined ? null : hidden(format(value))
}

export const run = Effect.fnUntraced(function* ({ all, json, options }: Input) {
  const { origins, settings } = yield* configuration.loadWithoutKey(options)
  const names = Object.keys(KimiConfig.options) as ReadonlyArray<KimiConfig.Name>
  const result: ConfigOptions = {
    options: names
      .filter((name) => all || origins[name] !== undefined)
      .map((name) => ({
        name,
        value: name === "apiKey" && origins.apiKey === undefined ? null : textOf(name, settings.config[name]),
        origin: origins[name] ?? "default"
      }))
  }
  if (json) return yield* Output.json(result)
  const rows = result.options.map(({ name, origin, value }) => [name, Output.plain(value ?? "none"), origin])
  yield* rows.length === 0
    ? Output.line("Every option has its default; kimi config --all lists them.")
    : Output.line(Output.table([["OPTION", "VALUE", "ORIGIN"], ...rows]))
})
