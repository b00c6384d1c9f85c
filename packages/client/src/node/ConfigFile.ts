/**
 * Options from files: a `.env` file, a JSON document, or both.
 *
 * @since 0.1.0
 */
import { readFile } from "node:fs/promises"
import { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

/**
 * Which files to read. A file that is named must be there.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** Path of a file of `NAME=value` lines, such as `.env`. */
  readonly dotEnv?: string | undefined
  /** Path of a JSON document whose member `kimi` holds the options. */
  readonly json?: string | undefined
}

/** What the options must keep. */
export const rulesOf = ({ dotEnv, json }: Options): ReadonlyArray<OptionRules.Rule> =>
  Object.entries({ dotEnv, json }).map(([name, path]: [string, unknown]) => [
    name,
    path === undefined || (typeof path === "string" && path !== ""),
    "the path of a file"
  ])

const invalidFile = (path: string, expected: string): ConfigurationError =>
  ConfigurationError.of([{ name: path, expected }])

const read = (path: string): Effect.Effect<string, ConfigurationError> =>
  Effect.tryPromise({ try: () => readFile(path, "utf8"), catch: () => invalidFile(path, "a file that can be read") })

const isObject = (value: unknown): value is { readonly [member: string]: unknown } =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** Of any other document every option would be the default. */
const isOptionsDocument = (document: unknown): boolean =>
  isObject(document) && (document["kimi"] === undefined || isObject(document["kimi"]))

const fromJson = (path: string): Effect.Effect<ConfigProvider.ConfigProvider, ConfigurationError> =>
  Effect.flatMap(read(path), (text) =>
    Effect.try({
      // Some editors put a mark of the byte order first, which is no JSON.
      try: (): unknown => JSON.parse(text.replace(/^\ufeff/, "")),
      // A parser's own message would quote the text, which may hold the key.
      catch: () => invalidFile(path, "a JSON document")
    }).pipe(
      Effect.flatMap((document) =>
        isOptionsDocument(document)
          ? Effect.succeed(ConfigProvider.fromUnknown(document))
          : Effect.fail(invalidFile(path, "a JSON object whose member kimi is an object with the options"))
      )
    )
  )

const fromDotEnv = (path: string): Effect.Effect<ConfigProvider.ConfigProvider, ConfigurationError> =>
  Effect.map(read(path), (text) => ConfigProvider.fromDotEnvContents(text))

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
 * Reads the files and puts them behind the current `ConfigProvider`: the
 * environment wins over the `.env` file, and that over the JSON document. The
 * error names every file that cannot be used.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = ({ dotEnv, json }: Options): Effect.Effect<ConfigProvider.ConfigProvider, ConfigurationError> =>
  Effect.gen(function* () {
    yield* OptionRules.check("ConfigFile", rulesOf({ dotEnv, json }))
    const [providers, failures] = yield* Effect.partition(
      [...(dotEnv === undefined ? [] : [fromDotEnv(dotEnv)]), ...(json === undefined ? [] : [fromJson(json)])],
      (provider) => provider
    )
    if (failures.length > 0) {
      return yield* Effect.fail(ConfigurationError.of(failures.flatMap(({ issues }) => issues)))
    }
    return providers.reduce(withFallback, yield* ConfigProvider.ConfigProvider)
  })

/**
 * The current `ConfigProvider` with the files behind it.
 *
 * Provide it to the layers that read options:
 * `KimiNode.layerConfig().pipe(Layer.provide(ConfigFile.layer({ dotEnv: ".env" })))`.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options): Layer.Layer<never, ConfigurationError> =>
  Layer.effect(ConfigProvider.ConfigProvider, make(options))
