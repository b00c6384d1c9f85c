/**
 * Reads the settings of the log from the configuration.
 *
 * @since 0.1.0
 */
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as LogLevel from "effect/LogLevel"
import * as Redacted from "effect/Redacted"
import { ConfigurationError, type ConfigurationIssue } from "../../../errors/ConfigurationErrors.ts"

/**
 * - `json`: one JSON object a line.
 * - `pretty`: one human-readable line.
 * - `auto`: `pretty` in a terminal, `json` elsewhere.
 *
 * @category models
 * @since 0.1.0
 */
export const formats = ["json", "pretty", "auto"] as const

/**
 * @category models
 * @since 0.1.0
 */
export type Format = (typeof formats)[number]

/**
 * @category models
 * @since 0.1.0
 */
export interface LogSettings {
  readonly format: Format
  readonly level: LogLevel.LogLevel
}

const levels = new Map(LogLevel.values.map((level) => [level.toLowerCase(), level]))

/** The text at a path, unless it is empty. */
const readText = (path: ConfigProvider.Path) =>
  Effect.gen(function* () {
    const provider = yield* ConfigProvider.ConfigProvider
    const node = yield* Effect.orElseSucceed(provider.load(path), () => undefined)
    return node?.value === "" ? undefined : node?.value
  })

const readFirst = Effect.fnUntraced(function* (paths: ReadonlyArray<ConfigProvider.Path>) {
  for (const path of paths) {
    const text = yield* readText(path)
    if (text !== undefined) return { name: path.join("."), text: text.toLowerCase() }
  }
  return undefined
})

/**
 * Reads level and format from the current `ConfigProvider`: `KIMI_LOG_LEVEL`,
 * or the member `logLevel` of the object `kimi` in a JSON source, and
 * `KIMI_LOG_FORMAT`. Case is ignored.
 *
 * @category constructors
 * @since 0.1.0
 */
export const read: Effect.Effect<LogSettings, ConfigurationError> = Effect.gen(function* () {
  const issues: Array<typeof ConfigurationIssue.Type> = []
  const givenLevel = yield* readFirst([["KIMI_LOG_LEVEL"], ["kimi", "logLevel"]])
  const givenFormat = yield* readFirst([["KIMI_LOG_FORMAT"]])
  const level = givenLevel === undefined ? "Info" : levels.get(givenLevel.text)
  const format = givenFormat === undefined ? "auto" : formats.find((name) => name === givenFormat.text)
  if (givenLevel !== undefined && level === undefined) {
    issues.push({ name: givenLevel.name, expected: "all, trace, debug, info, warn, error, fatal or none" })
  }
  if (givenFormat !== undefined && format === undefined) {
    issues.push({ name: givenFormat.name, expected: "json, pretty or auto" })
  }
  if (level === undefined || format === undefined) return yield* ConfigurationError.of(issues)
  return { level, format }
})

/**
 * The API keys that the client reads from the same source, so that they are
 * redacted in texts even if they do not look like keys.
 *
 * @category constructors
 * @since 0.1.0
 */
export const apiKeys: Effect.Effect<ReadonlyArray<Redacted.Redacted<string>>> = Effect.map(
  Effect.forEach([["KIMI_API_KEY"], ["MOONSHOT_API_KEY"], ["kimi", "apiKey"]], readText),
  (texts) => texts.flatMap((text) => (text === undefined ? [] : [Redacted.make(text)]))
)
