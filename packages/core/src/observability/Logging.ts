/**
 * The log of a program: one line for each event, as JSON or human-readable text,
 * with the ids of its trace, bounded in size and without secrets.
 *
 * ```ts
 * program.pipe(Effect.provide(Logging.layer()))
 * ```
 *
 * Level and format are set by `KIMI_LOG_LEVEL` and `KIMI_LOG_FORMAT`, or in code.
 *
 * **Details**
 *
 * - It replaces Effect's `Logger.consoleJson` and `consolePretty`, which print
 *   the messages of nested errors unchanged, have no size limit and omit trace
 *   ids. It is an Effect `Logger`: `format` makes the lines for
 *   `Logger.batched` and `Logger.toFile`.
 * - Messages of errors from outside the library, and members of objects that
 *   hold prompts or responses, are omitted unless options include them. Keys and
 *   tokens are always omitted.
 *
 * **Gotchas**
 *
 * - The text that a program passes as the message is logged unchanged except for
 *   secrets.
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
 * Members of objects that hold prompts or responses.
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

/** Members of objects that hold secrets. No option shows them. */
const secretFields = ["apiKey", "authorization", "proxyAuthorization", "xApiKey", "cookie", "setCookie", "password"]

/**
 * How events are formatted.
 *
 * @category options
 * @since 0.1.0
 */
export interface FormatOptions {
  /** Maximum length of a line in bytes. Defaults to 16 KiB, at least 1 KiB. */
  readonly maxLineBytes?: number | undefined
  /** Which error messages are shown: those of the `library` (default), or `all`, which may quote prompts. */
  readonly errorMessages?: ErrorMessageScope | undefined
  /** Members of logged objects that are hidden, ignoring case, `-` and `_`. Defaults to `contentFields`. */
  readonly hiddenFields?: ReadonlyArray<string> | undefined
  /** Secrets to redact in every text. */
  readonly secrets?: ReadonlyArray<Redacted.Redacted<string>> | undefined
  /** Whether `pretty` lines are colored. Defaults to `false`. */
  readonly colors?: boolean | undefined
}

/**
 * @category options
 * @since 0.1.0
 */
export interface Options extends FormatOptions {
  /** Overrides `KIMI_LOG_FORMAT`, which defaults to `auto`. */
  readonly format?: LogSettings.Format | undefined
  /** Overrides `KIMI_LOG_LEVEL`, which defaults to `Info`. A function is called for every event. */
  readonly level?: LogLevel.LogLevel | (() => LogLevel.LogLevel) | undefined
  /** Whether the output is a terminal, for `auto`. Defaults to `false`; on Node it is detected. */
  readonly isTerminal?: boolean | undefined
  /** Writes a line. Defaults to Effect's `Console`. Exceptions that it throws are ignored. */
  readonly write?: ((line: string) => void) | undefined
  /** Whether loggers that are already provided are kept. Defaults to `false`. */
  readonly mergeWithExisting?: boolean | undefined
}

const normalizeFieldName = (name: string): string => name.toLowerCase().replaceAll(/[-_]/g, "")

const minLineBytes = 1_024
const encoder = new TextEncoder()

/** A UTF-16 code unit takes at most three bytes, so most lines need not be encoded to know that they fit. */
const isWithinBytes = (line: string, maxBytes: number): boolean =>
  line.length * 3 <= maxBytes || (line.length <= maxBytes && encoder.encode(line).length <= maxBytes)

/** Tried in this order until the line is short enough; after the last, only level and time remain. */
const truncationLevels = [
  { maxText: 4_096, maxValues: 512, maxEntries: 64, maxDepth: 8 },
  { maxText: 256, maxValues: 64, maxEntries: 16, maxDepth: 5 },
  { maxText: 64, maxValues: 4, maxEntries: 2, maxDepth: 1 }
] as const

/**
 * Makes a logger that returns the line of each event and writes nothing.
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
    encodeObject: makeErrorEncoder(options.errorMessages ?? "library")
  }
  const makers = truncationLevels.map(({ maxText, ...limits }) => {
    const sanitizeText = textOf(maxText)
    const valueOptions = { ...shared, limits, sanitizeText, sanitizeName: LogText.memoizeNames(sanitizeText) }
    const show = (value: unknown) => LogValue.fromUnknown(value, valueOptions)
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
 * Makes a logger that writes its lines to Effect's `Console` or to `write`.
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
      // A log that cannot be written must not fail the program.
    }
  })
}

/** An unknown level or too short a line would silently disable the log. */
const rulesOf = (options: Options): ReadonlyArray<OptionRules.Rule> => {
  const { errorMessages, format, hiddenFields, level, maxLineBytes, secrets, write } = options
  return [
    OptionRules.oneOf("format", format, LogSettings.formats),
    ...(typeof level === "function" ? [] : [OptionRules.oneOf("level", level, LogLevel.values)]),
    OptionRules.bytes("maxLineBytes", maxLineBytes, minLineBytes),
    OptionRules.oneOf("errorMessages", errorMessages, ["library", "all"]),
    ["hiddenFields", isArrayOf(hiddenFields, (name) => typeof name === "string"), "a list of names"],
    ["secrets", isArrayOf(secrets, Redacted.isRedacted), "a list of redacted texts"],
    ["write", write === undefined || typeof write === "function", "a function from a line"]
  ]
}

const isArrayOf = (list: unknown, isOne: (value: unknown) => boolean): boolean =>
  list === undefined || (Array.isArray(list) && list.every(isOne))

/**
 * Sets the logger and the minimum log level of a program. Fails with a
 * `ConfigurationError` for invalid options and settings of the current
 * `ConfigProvider`.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options = {}): Layer.Layer<never, ConfigurationError> =>
  OptionRules.layerOf("Logging", options, (options) =>
    Layer.unwrap(
      Effect.gen(function* () {
        const settings = yield* LogSettings.read
        const { format = settings.format, level = settings.level, mergeWithExisting } = options
        yield* OptionRules.check("Logging", rulesOf(options))
        const secrets = [...(options.secrets ?? []), ...(yield* LogSettings.apiKeys)]
        const chosen = format === "auto" ? (options.isTerminal === true ? "pretty" : "json") : format
        return Layer.merge(
          Logger.layer([make(chosen, { ...options, secrets })], { mergeWithExisting }),
          // The logger itself checks a level that may change.
          Layer.succeed(References.MinimumLogLevel, typeof level === "function" ? "All" : level)
        )
      })
    )
  )
