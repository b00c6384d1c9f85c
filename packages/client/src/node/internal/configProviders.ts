/** Configuration files as the fallback of the current `ConfigProvider`. */
import { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import { isObject } from "../../internal/jsonMembers.ts"
import * as configText from "./configText.ts"
import * as dotEnvSyntax from "./dotEnvSyntax.ts"

/** What earlier reads of the same files have found. */
export class ConfigHistory {
  #hadText = false
  readonly #reported = new Set<string>()

  /**
   * Accepts an empty `.env` file unless the one before had text: a file that is
   * being written is empty for a moment.
   */
  accepts(text: string): boolean {
    const hasText = text.trim() !== ""
    if (this.#hadText && !hasText) return false
    this.#hadText = hasText
    return true
  }

  /** Warns once of each file that every user of the system may change, and so the host and the key. */
  report({ isWritableByAll }: configText.ConfigText, path: string): Effect.Effect<void> {
    if (!isWritableByAll || this.#reported.has(path)) return Effect.void
    this.#reported.add(path)
    return Effect.logWarning(`Every user of the system may change the configuration file ${path}; use "chmod o-w"`)
  }
}

/** The paths of files. */
export interface Paths {
  readonly dotEnv?: string | undefined
  readonly json?: string | undefined
}

/** Of any other document every option would be the default. */
const isOptionsDocument = (document: unknown): boolean =>
  isObject(document) && (document["kimi"] === undefined || isObject(document["kimi"]))

/** Names the line of a syntax error where the parser does; its message quotes the text, which may hold the key. */
const jsonIssue = (error: unknown): string => {
  const message = error instanceof Error ? error.message : ""
  if (message === "Unexpected end of JSON input") return "a JSON document; it is incomplete"
  const line = /\(line (\d+) column \d+\)$/.exec(message)?.[1]
  return line === undefined ? "a JSON document; it is not JSON" : `a JSON document; line ${line} is not JSON`
}

/** The options of a JSON document. */
export const fromJson = (
  text: string,
  path: string
): Effect.Effect<ConfigProvider.ConfigProvider, ConfigurationError> =>
  Effect.try({
    try: (): unknown => JSON.parse(text),
    catch: (error) => configText.invalidFile(path, jsonIssue(error))
  }).pipe(
    Effect.flatMap((document) =>
      isOptionsDocument(document)
        ? Effect.succeed(ConfigProvider.fromUnknown(document))
        : Effect.fail(configText.invalidFile(path, "a JSON object whose member kimi is an object with the options"))
    )
  )

/** The variables of a `.env` file. */
export const fromDotEnv = (
  text: string,
  path: string,
  history: ConfigHistory
): Effect.Effect<ConfigProvider.ConfigProvider, ConfigurationError> => {
  const issue = dotEnvSyntax.findIssue(text)
  if (issue !== undefined) {
    return Effect.fail(
      configText.invalidFile(path, `lines of the form NAME=value; line ${issue.line} is not ${issue.expected}`)
    )
  }
  return history.accepts(text)
    ? Effect.succeed(ConfigProvider.fromDotEnvContents(text))
    : Effect.fail(configText.invalidFile(path, "lines of the form NAME=value; it has become empty"))
}

const keysOf = (node: ConfigProvider.Node | undefined): ReadonlyArray<string> =>
  node?._tag === "Record" ? [...node.keys] : []

/**
 * The second provider as a fallback of the first. The tree of variables below
 * `KIMI` has the names of both, so that misspelt ones are found in either.
 */
const withFallback = (
  first: ConfigProvider.ConfigProvider,
  second: ConfigProvider.ConfigProvider
): ConfigProvider.ConfigProvider => {
  const either = ConfigProvider.orElse(first, second)
  return ConfigProvider.make(
    Effect.fnUntraced(function* (path) {
      const node = yield* either.load(path)
      if (path[0] !== "KIMI" || node === undefined) return node
      const other = yield* second.load(path)
      const keys = [...keysOf(node), ...keysOf(other)]
      return keys.length === 0 ? node : ConfigProvider.makeRecord(new Set(keys), node.value ?? other?.value)
    })
  )
}

/**
 * Reads the files and puts them behind the current `ConfigProvider`: the `.env`
 * file wins over the JSON document. The error names every file that cannot be
 * used.
 */
export const make = (
  { dotEnv, json }: Paths,
  history: ConfigHistory
): Effect.Effect<ConfigProvider.ConfigProvider, ConfigurationError> =>
  Effect.gen(function* () {
    const read = (path: string, parse: typeof fromDotEnv) =>
      configText.read(path).pipe(
        Effect.tap((file) => history.report(file, path)),
        Effect.flatMap(({ text }) => parse(text, path, history))
      )
    const [providers, failures] = yield* Effect.partition(
      [
        ...(dotEnv === undefined ? [] : [read(dotEnv, fromDotEnv)]),
        ...(json === undefined ? [] : [read(json, fromJson)])
      ],
      (provider) => provider
    )
    if (failures.length > 0) {
      return yield* Effect.fail(ConfigurationError.of(failures.flatMap(({ issues }) => issues)))
    }
    return providers.reduce(withFallback, yield* ConfigProvider.ConfigProvider)
  })
