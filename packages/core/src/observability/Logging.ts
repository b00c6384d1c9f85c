/**
 * The log of a program that uses the library, or of all of it: one line an
 * event, as JSON or for people, with the ids of its trace, and safe whatever
 * is logged.
 *
 * ```ts
 * program.pipe(Effect.provide(Logging.layer()))
 * ```
 *
 * Level and format come from `KIMI_LOG_LEVEL` and `KIMI_LOG_FORMAT`, or from
 * code.
 *
 * **Details**
 *
 * - It takes the place of Effect's `Logger.consoleJson` and `consolePretty`,
 *   which print the messages of nested errors as they are, know no bound, and
 *   say nothing of traces. It is an Effect `Logger` all the same: `format` makes
 *   the lines for `Logger.batched` and `Logger.toFile`.
 * - The messages of errors that are not the library's own, and members of
 *   objects that hold what was asked and answered, are left out unless options
 *   say otherwise. Keys and tokens are left out always.
 *
 * **Gotchas**
 *
 * - What a program itself writes into the text of a message is its own: only
 *   secrets are looked for in it.
 *
 * @since 0.1.0
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Redacted from "effect/Redacted"
import * as References from "effect/References"
import type { ConfigurationError } from "../errors/ConfigurationErrors.ts"
import * as OptionRules from "../internal/OptionRules.ts"
import { type ErrorMessageScope, makeErrorEncoder } from "./internal/logging/LogError.ts"
import * as LogLine from "./internal/logging/LogLine.ts"
import * as LogRecord from "./internal/logging/LogRecord.ts"
import * as LogSettings from "./internal/logging/LogSettings.ts"
import * as LogText from "./internal/logging/LogText.ts"
import * as LogValue from "./internal/logging/LogValue.ts"

/**
 * Members of objects that hold what was asked or answered.
 *
 * @category options
 * @since 0.1.0
 */
export const contentFields: ReadonlyArray<string> = [
  "messages",
  "content",
  "reasoning",
  "reasoning_content",
  "text",
  "prompt",
  "arguments",
  "tool_calls",
  "partial"
]

/** Members of objects that hold secrets, whatever the options say. */
const secretFields = ["apiKey", "authorization", "proxyAuthorization", "xApiKey", "cookie", "setCookie", "password"]

/**
 * How lines are made.
 *
 * @category options
 * @since 0.1.0
 */
export interface FormatOptions {
  /** Longest line, in bytes. Defaults to 16 KiB, at least 1 KiB. */
  readonly maxLineBytes?: number | undefined
  /** Whose messages of errors are shown: the library's `own` (default), or `all`, which may quote prompts. */
  readonly errorMessages?: ErrorMessageScope | undefined
  /** Members of logged objects that are left out; case, `-` and `_` do not count. Defaults to `contentNames`. */
  readonly hiddenFields?: ReadonlyArray<string> | undefined
  /** Secrets of any form, to be taken out of every text. */
  readonly secrets?: ReadonlyArray<Redacted.Redacted<string>> | undefined
  /** Whether lines for people are coloured. Defaults to `false`. */
  readonly colors?: boolean | undefined
}

/**
 * @category options
 * @since 0.1.0
 */
export interface Options extends FormatOptions {
  /** In place of `KIMI_LOG_FORMAT`, which defaults to `auto`. */
  readonly format?: LogSettings.Format | undefined
  /** In place of `KIMI_LOG_LEVEL`, which defaults to `Info`; a function is asked at every event. */
  readonly level?: LogLevel.LogLevel | (() => LogLevel.LogLevel) | undefined
  /** Whether the lines go to a terminal, for `auto`. Defaults to `false`; the Node edge finds out. */
  readonly isTerminal?: boolean | undefined
  /** Where lines go. Defaults to Effect's `Console`. It must not throw; what it throws is dropped. */
  readonly write?: ((line: string) => void) | undefined
  /** Whether loggers that are provided outside go on beside this one. Defaults to `false`. */
  readonly mergeWithExisting?: boolean | undefined
}

const normalizeFieldName = (name: string): string => name.toLowerCase().replaceAll(/[-_]/g, "")

const minLineBytes = 1_024
const encoder = new TextEncoder()

/** A character takes three bytes at most, or six where it is escaped, which only a look at the line can tell. */
const isWithinBytes = (line: string, maxBytes: number): boolean =>
  line.length * 3 <= maxBytes || (line.length <= maxBytes && encoder.encode(line).length <= maxBytes)

/** Tried in this order until the line is short enough; after the last, nothing but level and time is left. */
const truncationLevels = [
  { maxText: 4_096, maxValues: 512, maxEntries: 64, maxDepth: 8 },
  { maxText: 256, maxValues: 64, maxEntries: 16, maxDepth: 5 },
  { maxText: 64, maxValues: 4, maxEntries: 2, maxDepth: 1 }
] as const

/**
 * A logger that makes a line of each event and writes it nowhere.
 *
 * @category constructors
 * @since 0.1.0
 */
export const format = (
  format: Exclude<LogSettings.Format, "auto">,
  options: FormatOptions = {}
): Logger.Logger<unknown, string> => {
  const maxBytes = Math.max(minLineBytes, options.maxLineBytes ?? 16 * minLineBytes)
  const hidden = new Set([...(options.hiddenFields ?? contentFields), ...secretFields].map(normalizeFieldName))
  const textOf = LogText.make((options.secrets ?? []).map(Redacted.value))
  const shared = {
    isHidden: LogText.memoizeNames((name) => hidden.has(normalizeFieldName(name))),
    encodeObject: makeErrorEncoder(options.errorMessages ?? "own")
  }
  const makers = truncationLevels.map(({ maxText, ...limits }) => {
    const sanitizeText = textOf(maxText)
    const viewed = { ...shared, limits, sanitizeText, sanitizeName: LogText.memoizeNames(sanitizeText) }
    const show = (value: unknown) => LogValue.fromUnknown(value, viewed)
    return (event: Logger.Options<unknown>) => LogRecord.fromEvent(event, show, sanitizeText)
  })
  const toLine = (record: LogRecord.LogRecord) =>
    format === "json" ? LogLine.toJson(record) : LogLine.toPretty(record, options.colors === true)

  return Logger.make((event) => {
    try {
      for (const [i, make] of makers.entries()) {
        const record = make(event)
        const line = toLine(i === 0 ? record : { ...record, truncated: true })
        if (isWithinBytes(line, maxBytes)) return line
      }
      return toLine({ ...LogRecord.minimal(event), truncated: true })
    } catch {
      return toLine(LogRecord.unreadable)
    }
  })
}

/**
 * A logger that writes its lines to Effect's `Console`, or where it is told.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (
  chosen: Exclude<LogSettings.Format, "auto">,
  options: Pick<Options, "write" | "level"> & FormatOptions = {}
): Logger.Logger<unknown, void> => {
  const { level, write } = options
  const lines = format(chosen, options)
  return Logger.make((event) => {
    try {
      if (typeof level === "function" && !LogLevel.isGreaterThanOrEqualTo(event.logLevel, level())) return
      const line = lines.log(event)
      if (write !== undefined) return write(line)
      const console = event.fiber.getRef(Console.Console)
      if (event.fiber.getRef(Logger.LogToStderr)) console.error(line)
      else console.log(line)
    } catch {
      // A log that cannot be written must not end what it tells of.
    }
  })
}

/** A level that nothing is compared with, or a line that nothing fits into, would leave no log at all. */
const rulesOf = (options: Options): ReadonlyArray<OptionRules.Rule> => {
  const { errorMessages, format, hiddenFields, level, maxLineBytes, secrets, write } = options
  return [
    OptionRules.oneOf("format", format, LogSettings.formats),
    ...(typeof level === "function" ? [] : [OptionRules.oneOf("level", level, LogLevel.values)]),
    OptionRules.bytes("maxLineBytes", maxLineBytes, minLineBytes),
    OptionRules.oneOf("errorMessages", errorMessages, ["own", "all"]),
    ["hiddenFields", isArrayOf(hiddenFields, (name) => typeof name === "string"), "a list of names"],
    ["secrets", isArrayOf(secrets, Redacted.isRedacted), "a list of redacted texts"],
    ["write", write === undefined || typeof write === "function", "a function from a line"]
  ]
}

const isArrayOf = (list: unknown, isOne: (value: unknown) => boolean): boolean =>
  list === undefined || (Array.isArray(list) && list.every(isOne))

/**
 * Sets the logger and the lowest level of a program. Options and settings of the
 * current `ConfigProvider` that cannot be used fail with a `ConfigurationError`.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options = {}): Layer.Layer<never, ConfigurationError> =>
  Layer.unwrap(
    Effect.gen(function* () {
      const settings = yield* LogSettings.read
      const { format = settings.format, level = settings.level, mergeWithExisting } = options
      yield* OptionRules.check("Logging", rulesOf(options))
      const secrets = [...(options.secrets ?? []), ...(yield* LogSettings.apiKeys)]
      const chosen = format === "auto" ? (options.isTerminal === true ? "pretty" : "json") : format
      return Layer.merge(
        Logger.layer([make(chosen, { ...options, secrets })], { mergeWithExisting }),
        // A level that may change is asked for by the logger itself.
        Layer.succeed(References.MinimumLogLevel, typeof level === "function" ? "All" : level)
      )
    })
  )
