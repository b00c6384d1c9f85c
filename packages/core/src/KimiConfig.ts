/**
 * Every option of the library and its default, once.
 *
 * An option `maxEventBytes` is set by the variable `KIMI_MAX_EVENT_BYTES`, by
 * the member `maxEventBytes` of the object `kimi` in a JSON source, or in
 * code. Whatever the source, all unusable options are reported together, by
 * name and expected form and never by value.
 *
 * @since 0.1.0
 */
import * as ConfigProvider from "effect/ConfigProvider"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"
import { ConfigurationError, type ConfigurationIssue } from "./errors/ConfigurationErrors.ts"

/**
 * The hosts that the library describes. `custom` needs a base URL.
 *
 * @category models
 * @since 0.1.0
 */
export const providerIds = ["moonshot", "moonshot-cn", "together", "openrouter", "ollama", "custom"] as const

/**
 * @category models
 * @since 0.1.0
 */
export type ProviderId = (typeof providerIds)[number]

/** Hosts that answer without a key. */
const keylessProviders: ReadonlySet<ProviderId> = new Set(["ollama", "custom"])

const ApiKey = Schema.RedactedFromValue(Schema.String.check(Schema.isPattern(/^[\x21-\x7e]+$/)), {
  disallowEncode: true
})

const duration = Schema.DurationFromString.check(
  Schema.makeFilter((value) => Duration.isFinite(value) && Duration.toMillis(value) > 0)
)
const durationForm = 'a duration over zero, such as "30 seconds"'

const count = Schema.NumberFromString.check(Schema.isInt(), Schema.isGreaterThan(0))

/** Text in a source, a number in code. */
const tier = Schema.NumberFromString.check(Schema.isInt(), Schema.isBetween({ minimum: 0, maximum: 5 }))

const flag = Schema.Literals(["true", "false"]).pipe(
  Schema.decodeTo(
    Schema.Boolean,
    SchemaTransformation.transform({
      decode: (text) => text === "true",
      encode: (value): "true" | "false" => (value ? "true" : "false")
    })
  )
)

const accountName = Schema.String.check(Schema.isPattern(/^[A-Za-z0-9._-]{1,64}$/))

/** Effect's own names, in any case in a source. */
const logLevel = Schema.String.pipe(
  Schema.decodeTo(
    Schema.Literals(LogLevel.values),
    SchemaTransformation.transform({
      decode: (text) => `${text.slice(0, 1).toUpperCase()}${text.slice(1).toLowerCase()}` as LogLevel.LogLevel,
      encode: (level): string => level
    })
  )
)

const isBaseUrl = (text: string): boolean => {
  const url = URL.parse(text)
  return url !== null && /^https?:$/.test(url.protocol) && `${url.username}${url.password}` === "" && !/[?#]/.test(text)
}

const entries = {
  provider: { codec: Schema.Literals(providerIds), expected: `one of ${providerIds.join(", ")}` },
  apiKey: { codec: ApiKey, expected: "an API key of visible ASCII characters without spaces" },
  baseUrl: {
    codec: Schema.String.check(Schema.makeFilter(isBaseUrl)),
    expected: "an http or https URL without user, query and fragment"
  },
  model: { codec: Schema.NonEmptyString, expected: "the id of a model" },
  account: { codec: accountName, expected: "a name of up to 64 letters, digits, dots, hyphens and underscores" },
  connectTimeout: { codec: duration, expected: durationForm },
  firstTokenTimeout: { codec: duration, expected: durationForm },
  idleTimeout: { codec: duration, expected: durationForm },
  totalTimeout: { codec: duration, expected: durationForm },
  deadline: { codec: duration, expected: durationForm },
  maxAttempts: { codec: count, expected: "a whole number over zero" },
  retryBaseDelay: { codec: duration, expected: durationForm },
  retryMaxDelay: { codec: duration, expected: durationForm },
  retryMaxElapsed: { codec: duration, expected: durationForm },
  retryJitter: {
    codec: Schema.Literals(["full", "equal", "decorrelated", "none"]),
    expected: "full, equal, decorrelated or none"
  },
  retryAmbiguous: { codec: Schema.Literals(["never", "once", "always"]), expected: "never, once or always" },
  recovery: {
    codec: Schema.Literals(["off", "regenerate", "continue"]),
    expected: "off, regenerate or continue"
  },
  maxRecoveries: { codec: count, expected: "a whole number over zero" },
  tier: { codec: tier, expected: "a tier from 0 to 5" },
  maxConcurrency: { codec: count, expected: "a whole number over zero" },
  requestsPerMinute: { codec: count, expected: "a whole number over zero" },
  tokensPerMinute: { codec: count, expected: "a whole number over zero" },
  tokensPerDay: { codec: count, expected: "a whole number over zero" },
  admissionMaxWait: { codec: duration, expected: durationForm },
  admissionMaxQueue: { codec: count, expected: "a whole number over zero" },
  maxResponseBytes: { codec: count, expected: "a whole number of bytes over zero" },
  maxEventBytes: { codec: count, expected: "a whole number of bytes over zero" },
  maxToolArgumentBytes: { codec: count, expected: "a whole number of bytes over zero" },
  maxConnections: { codec: count, expected: "a whole number over zero" },
  requestPolicy: { codec: Schema.Literals(["reject", "repair"]), expected: "reject or repair" },
  allowPlainHttp: { codec: flag, expected: "true or false" },
  logLevel: { codec: logLevel, expected: "all, trace, debug, info, warn, error, fatal or none" }
} as const satisfies Record<string, { readonly codec: Schema.Codec<unknown, string>; readonly expected: string }>

type Entries = typeof entries
type Name = keyof Entries

/**
 * The options as the library uses them.
 *
 * @category models
 * @since 0.1.0
 */
export interface Values {
  /** The host to call. Defaults to `moonshot`, the global host. */
  readonly provider: ProviderId
  /** The API key; `KIMI_API_KEY`, else `MOONSHOT_API_KEY`. Required except by `ollama` and `custom`. */
  readonly apiKey: Redacted.Redacted<string> | undefined
  /** Base URL in place of the host's own, with its version, such as `https://api.moonshot.ai/v1`. */
  readonly baseUrl: string | undefined
  /** Model of requests that name none. Defaults to the host's default model. */
  readonly model: string | undefined
  /**
   * Name of the account in circuits, limits and books. Defaults to the id of the host. Clients that share those and
   * differ in key or base URL need a name each, or they are taken for one account.
   */
  readonly account: string | undefined
  /** Longest wait for a connection. Defaults to 10 seconds. */
  readonly connectTimeout: Duration.Duration
  /** Longest wait for the first content of a stream. Defaults to 2 minutes. */
  readonly firstTokenTimeout: Duration.Duration
  /** Longest silence between contents of a stream. Defaults to 60 seconds. */
  readonly idleTimeout: Duration.Duration
  /** Longest attempt as a whole, plain or streamed. Defaults to 15 minutes, the host's own bound. */
  readonly totalTimeout: Duration.Duration
  /** Longest call as a whole, with all its attempts and waits. Without bound by default. */
  readonly deadline: Duration.Duration | undefined
  /** Attempts of a call in all, the first included. Defaults to 7. */
  readonly maxAttempts: number
  /** The first wait between attempts, doubled after every failure. Defaults to 500 milliseconds. */
  readonly retryBaseDelay: Duration.Duration
  /** The longest wait between attempts; when the host asks for more, the call fails. Defaults to 30 seconds. */
  readonly retryMaxDelay: Duration.Duration
  /** The longest time for all attempts and waits together. Defaults to 20 minutes. */
  readonly retryMaxElapsed: Duration.Duration
  /** How chance spreads waits. Defaults to `full`. */
  readonly retryJitter: "full" | "equal" | "decorrelated" | "none"
  /** How often an attempt is repeated that was sent and not answered, and so may be billed. Defaults to `once`. */
  readonly retryAmbiguous: "never" | "once" | "always"
  /** What to do when a stream breaks after its first content. Defaults to `off`: it fails, with what came in `partial`. */
  readonly recovery: "off" | "regenerate" | "continue"
  /** How often one stream may be recovered. Defaults to 1. */
  readonly maxRecoveries: number
  /** The tier of the account at Moonshot, which gives its limits. Limits are unknown by default: the host's refusals teach them. */
  readonly tier: 0 | 1 | 2 | 3 | 4 | 5 | undefined
  /** Attempts at the same time, in place of the tier's. */
  readonly maxConcurrency: number | undefined
  /** Attempts per minute, in place of the tier's. */
  readonly requestsPerMinute: number | undefined
  /** Tokens per minute, counted as prompt plus the most that may be generated, in place of the tier's. */
  readonly tokensPerMinute: number | undefined
  /** Tokens per day, counted the same way, in place of the tier's. */
  readonly tokensPerDay: number | undefined
  /** Longest wait of an attempt for the account's limits. Defaults to 2 minutes. */
  readonly admissionMaxWait: Duration.Duration
  /** Attempts of one priority that may wait for the account's limits. Defaults to 10,000. */
  readonly admissionMaxQueue: number
  /** Largest answer, decoded, plain or streamed. Defaults to 32 MiB. */
  readonly maxResponseBytes: number
  /** Largest event of a stream. Defaults to 10 MiB. */
  readonly maxEventBytes: number
  /** Longest arguments of one tool call. Defaults to 1 MiB. */
  readonly maxToolArgumentBytes: number
  /** Most connections to the host. Defaults to 256. */
  readonly maxConnections: number
  /** What to do with a request that the model would refuse. Defaults to `reject`. */
  readonly requestPolicy: "reject" | "repair"
  /** Whether http:// is allowed beyond this machine. Defaults to `false`. */
  readonly allowPlainHttp: boolean
  /** The least level of lines that calls log. Defaults to the program's own. */
  readonly logLevel: LogLevel.LogLevel | undefined
}

/**
 * The checked options, as a service that the rest of the library reads.
 *
 * @category services
 * @since 0.1.0
 */
export class KimiConfig extends Context.Service<KimiConfig, Values>()("@kimi-effect/core/KimiConfig") {}

/**
 * The default of every option.
 *
 * @category models
 * @since 0.1.0
 */
export const defaults: Values = {
  provider: "moonshot",
  apiKey: undefined,
  baseUrl: undefined,
  model: undefined,
  account: undefined,
  connectTimeout: Duration.seconds(10),
  firstTokenTimeout: Duration.minutes(2),
  idleTimeout: Duration.seconds(60),
  totalTimeout: Duration.minutes(15),
  deadline: undefined,
  maxAttempts: 7,
  retryBaseDelay: Duration.millis(500),
  retryMaxDelay: Duration.seconds(30),
  retryMaxElapsed: Duration.minutes(20),
  retryJitter: "full",
  retryAmbiguous: "once",
  recovery: "off",
  maxRecoveries: 1,
  tier: undefined,
  maxConcurrency: undefined,
  requestsPerMinute: undefined,
  tokensPerMinute: undefined,
  tokensPerDay: undefined,
  admissionMaxWait: Duration.minutes(2),
  admissionMaxQueue: 10_000,
  maxResponseBytes: 32 * 1024 * 1024,
  maxEventBytes: 10 * 1024 * 1024,
  maxToolArgumentBytes: 1024 * 1024,
  maxConnections: 256,
  requestPolicy: "reject",
  allowPlainHttp: false,
  logLevel: undefined
}

/**
 * The options as code gives them: all optional, durations in any form that
 * Effect takes.
 *
 * @category options
 * @since 0.1.0
 */
export type Options = {
  readonly [K in Name]?: (Duration.Duration extends Values[K] ? Duration.Input : Values[K]) | undefined
}

const names = Object.keys(entries) as ReadonlyArray<Name>

/** What the object `kimi` may hold beside the options: it is read and checked elsewhere. */
const nonOptionKeys: ReadonlySet<string> = new Set(["prices"])

/** `maxEventBytes` → `KIMI_MAX_EVENT_BYTES` */
const variableName = (name: string): string => `KIMI_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`

/** Asks the parsed URL: `HTTP://` and a leading space name the same scheme as `http://`. */
const isPlainHttp = (baseUrl: string): boolean => URL.parse(baseUrl)?.protocol === "http:"

const isLoopback = (baseUrl: string): boolean => {
  const host = URL.parse(baseUrl)?.hostname ?? ""
  return host === "localhost" || host === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(host)
}

type Issue = typeof ConfigurationIssue.Type

/** What must hold between options. */
const findConflicts = (config: Values, label: (name: Name) => string): ReadonlyArray<Issue> => {
  const issues: Array<Issue> = []
  if (config.apiKey === undefined && !keylessProviders.has(config.provider)) {
    issues.push({ name: label("apiKey"), expected: `an API key, which the host ${config.provider} requires` })
  }
  if (config.provider === "custom" && config.baseUrl === undefined) {
    issues.push({ name: label("baseUrl"), expected: "a base URL, which the host custom requires" })
  }
  const { baseUrl } = config
  if (baseUrl !== undefined && isPlainHttp(baseUrl) && !config.allowPlainHttp && !isLoopback(baseUrl)) {
    issues.push({
      name: label("baseUrl"),
      expected: `an https URL, or http on this machine only, unless ${label("allowPlainHttp")} is true`
    })
  }
  return issues
}

const check = (
  values: Partial<Record<Name, unknown>>,
  issues: ReadonlyArray<Issue>,
  label: (name: Name) => string
): Effect.Effect<Values, ConfigurationError> => {
  const given = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
  // Every value was checked by the schema of its entry.
  const config = { ...defaults, ...given } as Values
  const invalid = new Set(issues.map((issue) => issue.name))
  const all = [...issues, ...findConflicts(config, label).filter((issue) => !invalid.has(issue.name))]
  return all.length === 0 ? Effect.succeed(config) : Effect.fail(ConfigurationError.of(all))
}

interface ReadResult {
  readonly values: Partial<Record<Name, unknown>>
  readonly issues: Array<Issue>
}

const readOptions = (options: Options): ReadResult => {
  const values: Partial<Record<Name, unknown>> = {}
  const issues: Array<Issue> = []
  for (const [name, given] of Object.entries(options)) {
    if (given === undefined) continue
    if (!Object.hasOwn(entries, name)) {
      issues.push({ name, expected: `one of the options ${names.join(", ")}` })
      continue
    }
    const entry = entries[name as Name]
    const value = entry.codec === duration ? Option.getOrUndefined(Duration.fromInput(given as Duration.Input)) : given
    if (Schema.is(Schema.toType(entry.codec))(value)) values[name as Name] = value
    else issues.push({ name, expected: entry.expected })
  }
  return { values, issues }
}

/**
 * Checks options given in code.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options): Effect.Effect<Values, ConfigurationError> =>
  Effect.suspend(() => {
    const { values, issues } = readOptions(options)
    return check(values, issues, (name) => name)
  })

/**
 * The text of an option and the name it was found under; no text where the
 * source cannot be read, or a JSON member is an object or an array.
 */
const lookup = Effect.fnUntraced(function* (name: Name) {
  const provider = yield* ConfigProvider.ConfigProvider
  const candidates: Array<[string, ConfigProvider.Path]> = [[variableName(name), [variableName(name)]]]
  if (name === "apiKey") candidates.push(["MOONSHOT_API_KEY", ["MOONSHOT_API_KEY"]])
  candidates.push([`kimi.${name}`, ["kimi", name]])
  for (const [label, path] of candidates) {
    const found = yield* Effect.result(provider.load(path))
    if (Result.isFailure(found)) return { label, text: undefined }
    const text = found.success?.value ?? ""
    if (text !== "") return { label, text }
    if (found.success !== undefined && found.success._tag !== "Value") return { label, text: undefined }
  }
  return undefined
})

const unknownMembers = Effect.gen(function* () {
  const provider = yield* ConfigProvider.ConfigProvider
  const node = yield* Effect.orElseSucceed(provider.load(["kimi"]), () => undefined)
  if (node?._tag !== "Record") return []
  return [...node.keys].filter((key) => !Object.hasOwn(entries, key) && !nonOptionKeys.has(key))
})

/**
 * Reads the options from the current `ConfigProvider`: the environment, a
 * `.env` file, a JSON document, or several in order of precedence. Options in
 * `overrides` win.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromConfig = Effect.fnUntraced(function* (
  overrides: Options = {}
): Effect.fn.Return<Values, ConfigurationError> {
  const { values, issues } = readOptions(overrides)
  const labels = new Map<Name, string>()
  for (const name of names) {
    if (overrides[name] !== undefined) {
      labels.set(name, name)
      continue
    }
    const found = yield* lookup(name)
    if (found === undefined) continue
    labels.set(name, found.label)
    const codec: Schema.Codec<unknown, string> = entries[name].codec
    const decoded = found.text === undefined ? Option.none() : Schema.decodeOption(codec)(found.text)
    if (Option.isSome(decoded)) values[name] = decoded.value
    else issues.push({ name: found.label, expected: entries[name].expected })
  }
  for (const key of yield* unknownMembers) {
    issues.push({ name: `kimi.${key}`, expected: `one of the options ${names.join(", ")}` })
  }
  return yield* check(values, issues, (name) => labels.get(name) ?? variableName(name))
})

/**
 * The options given in code.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options): Layer.Layer<KimiConfig, ConfigurationError> =>
  Layer.effect(KimiConfig, make(options))

/**
 * The options of the current `ConfigProvider`; those in `overrides` win.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerConfig = (overrides: Options = {}): Layer.Layer<KimiConfig, ConfigurationError> =>
  Layer.effect(KimiConfig, fromConfig(overrides))
