/**
 * Reading the configuration from made-up sources.
 */
import { inspect } from "node:util"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Formatter from "effect/Formatter"
import * as Redacted from "effect/Redacted"
import type { ConfigurationError } from "../../src/errors/ConfigurationErrors.ts"
import * as KimiConfig from "../../src/KimiConfig.ts"

export const env = (variables: Record<string, string>) => ConfigProvider.fromEnv({ env: variables })

export const json = (kimi: unknown) => ConfigProvider.fromUnknown({ kimi })

export const read = (provider: ConfigProvider.ConfigProvider, overrides?: KimiConfig.Options) =>
  Effect.provideService(KimiConfig.fromConfig(overrides), ConfigProvider.ConfigProvider, provider)

export const refused = (provider: ConfigProvider.ConfigProvider, overrides?: KimiConfig.Options) =>
  Effect.flip(read(provider, overrides))

export const namesOf = (error: ConfigurationError) => error.issues.map((issue) => issue.name)

export const keyOf = (config: KimiConfig.Values) => config.apiKey && Redacted.value(config.apiKey)

/** A secret that no message may hold. */
export const canary = "sk-canary-0123456789"

/** Every way in which a person or a program may come to print a value. */
export const printed = (value: object): ReadonlyArray<string> => [
  JSON.stringify(value),
  inspect(value, { depth: 20, showHidden: true }),
  String(value),
  Formatter.format(value),
  Formatter.formatJson(value)
]
