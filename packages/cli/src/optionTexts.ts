/** The texts in the help for the options with a separate flag. The bundle has them in place of the table of options. */
import * as KimiConfig from "@kimi-effect/core/KimiConfig"

/** The options with a separate flag. `--set` sets any other. */
const flagNames = [
  "provider",
  "baseUrl",
  "model",
  "account",
  "tier",
  "proxy",
  "fallback",
  "totalTimeout",
  "maxAttempts",
  "cache",
  "budget",
  "budgetStore",
  "logLevel"
] as const satisfies ReadonlyArray<KimiConfig.Name>

export type FlagName = (typeof flagNames)[number]

export interface OptionText {
  readonly description: string
  /** The values of an option that has a few. */
  readonly words?: ReadonlyArray<string> | undefined
}

/** Descriptions are Markdown for the documentation. The help lists words itself. */
const textOf = (name: FlagName): OptionText => {
  const option: {
    readonly description: string
    readonly expected: string
    readonly words?: ReadonlyArray<string> | undefined
  } = KimiConfig.options[name]
  const { description, expected, words } = option
  const text = description.replaceAll("`", "")
  return words === undefined ? { description: `${text} Form: ${expected}.` } : { description: text, words }
}

export const optionTexts = Object.fromEntries(flagNames.map((name) => [name, textOf(name)])) as {
  readonly [N in FlagName]: OptionText
}
