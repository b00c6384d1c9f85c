/**
 * Reads the settings of the log from the configuration.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as LogLevel from "effect/LogLevel"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import { ConfigurationError } from "../../../errors/ConfigurationErrors.ts"
import * as ConfigSource from "../../../internal/config/ConfigSource.ts"
import * as KimiConfig from "../../../KimiConfig.ts"

/**
 * - `json`: one JSON object a line.
 * - `pretty`: one human-readable line.
 * - `auto`: `pretty` in a terminal, `json` elsewhere.
 *
 * @category models
 * @since 0.1.0
 */
export const formats: ReadonlyArray<Format> = ["json", "pretty", "auto"]

/**
 * @category models
 * @since 0.1.0
 */
export type Format = KimiConfig.Values["logFormat"]

/**
 * @category models
 * @since 0.1.0
 */
export interface LogSettings {
  readonly format: Format
  readonly level: LogLevel.LogLevel
}

/**
 * Reads the options `logLevel` and `logFormat` from the current
 * `ConfigProvider`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const read: Effect.Effect<LogSettings, ConfigurationError> = Effect.gen(function* () {
  const level = yield* Effect.result(KimiConfig.readOption("logLevel"))
  const format = yield* Effect.result(KimiConfig.readOption("logFormat"))
  if (Result.isSuccess(level) && Result.isSuccess(format)) {
    return { level: level.success ?? "Info", format: format.success }
  }
  const failures = [level, format].flatMap((result) => (Result.isFailure(result) ? result.failure.issues : []))
  return yield* ConfigurationError.of(failures)
})

/** All keys that a source holds, also those that another one hides. */
const keyPaths = [["KIMI_API_KEY"], ["MOONSHOT_API_KEY"], ["kimi", "apiKey"]]

/**
 * The API keys that the client reads from the same source, so that they are
 * redacted in texts even if they do not look like keys.
 *
 * @category constructors
 * @since 0.1.0
 */
export const apiKeys: Effect.Effect<ReadonlyArray<Redacted.Redacted<string>>> = Effect.gen(function* () {
  const texts = yield* Effect.forEach(keyPaths, ConfigSource.readText)
  const steps = yield* Effect.orElseSucceed(KimiConfig.readOption("fallback"), () => [])
  return [
    ...texts.flatMap((text) => (text === undefined ? [] : [Redacted.make(text)])),
    ...steps.flatMap(({ apiKey }) => (apiKey === undefined ? [] : [apiKey]))
  ]
})
