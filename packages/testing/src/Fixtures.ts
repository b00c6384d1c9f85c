/**
 * Recorded traffic of the Kimi API: real requests, answers and streams, with
 * credentials and account ids removed. `fixtures/kimi/INDEX.md` names the
 * public source of each.
 *
 * Files are read when first asked for and kept.
 *
 * @since 0.1.0
 */
import { readFileSync } from "node:fs"
import * as Schema from "effect/Schema"

/**
 * Names of the recorded exchanges.
 *
 * @category fixtures
 * @since 0.1.0
 */
export const exchangeNames = [
  "error-400-invalid-temperature",
  "error-400-thinking-disabled-not-allowed",
  "error-400-unknown-tool-type",
  "error-401-incorrect-api-key",
  "error-429-org-rate-limit-messages-face",
  "error-429-rpm-retry-after",
  "plain-01-length-empty-content",
  "plain-02-stop-uncached",
  "plain-03-reasoning-cached",
  "plain-04-tool-calls"
] as const

/**
 * The name of a recorded exchange.
 *
 * @category models
 * @since 0.1.0
 */
export type ExchangeName = (typeof exchangeNames)[number]

/**
 * Names of the recorded event streams.
 *
 * @category fixtures
 * @since 0.1.0
 */
export const sseNames = [
  "stream-01-include-usage",
  "stream-02-usage-in-choice-turbo-tail",
  "stream-03-k2.7-code-details-in-choice"
] as const

/**
 * The name of a recorded event stream.
 *
 * @category models
 * @since 0.1.0
 */
export type SseName = (typeof sseNames)[number]

/**
 * Names of the answer bodies that were written by hand elsewhere, in an
 * idealised form. No server sent them.
 *
 * @category fixtures
 * @since 0.1.0
 */
export const syntheticNames = ["moonshotai-reasoning", "moonshotai-text", "moonshotai-tool-call"] as const

/**
 * The name of a hand-written answer body.
 *
 * @category models
 * @since 0.1.0
 */
export type SyntheticName = (typeof syntheticNames)[number]

/**
 * One recorded exchange. Header names are in lower case.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Exchange = Schema.Struct({
  /** How the recording came about, and what was changed in it. */
  _provenance: Schema.String,
  /** A day or an instant, ISO 8601. */
  recorded_at: Schema.String,
  /** Method and URL, such as `POST https://api.moonshot.ai/v1/chat/completions`. */
  endpoint: Schema.String,
  /** The request body; absent where it was not recorded, sometimes in part only. */
  request: Schema.optionalKey(Schema.Json),
  status: Schema.Int,
  headers: Schema.Record(Schema.String, Schema.String),
  body: Schema.Json
})

/**
 * One recorded exchange, read.
 *
 * @category models
 * @since 0.1.0
 */
export type Exchange = typeof Exchange.Type

/**
 * Reads a recorded exchange.
 *
 * @category fixtures
 * @since 0.1.0
 */
export const exchange = (name: ExchangeName): Exchange => loadOnce(exchanges, name, `${name}.json`, decodeExchange)

/**
 * Reads a recorded event stream as raw text: `data:` lines and blank lines,
 * as they came.
 *
 * @category fixtures
 * @since 0.1.0
 */
export const sse = (name: SseName): string => loadOnce(streams, name, `${name}.sse`, (text) => text)

/**
 * Reads a hand-written answer body.
 *
 * @category fixtures
 * @since 0.1.0
 */
export const synthetic = (name: SyntheticName): Schema.Json =>
  loadOnce(synthetics, name, `synthetic/${name}.json`, decodeJson)

/**
 * Reads the hand-written stream: the JSON text of each event, without `data:`
 * and without a `[DONE]`. Its usage stands on the finish chunk.
 *
 * @category fixtures
 * @since 0.1.0
 */
export const syntheticStream = (): ReadonlyArray<string> =>
  loadOnce(syntheticStreams, "moonshotai-stream", "synthetic/moonshotai-stream.chunks.txt", (text) =>
    text.split("\n").filter((line) => line !== "")
  )

const folder = new URL("../fixtures/kimi/", import.meta.url)

const decodeExchange = Schema.decodeUnknownSync(Schema.fromJsonString(Exchange))
const decodeJson = Schema.decodeUnknownSync(Schema.fromJsonString(Schema.Json))

const exchanges = new Map<string, Exchange>()
const streams = new Map<string, string>()
const synthetics = new Map<string, Schema.Json>()
const syntheticStreams = new Map<string, ReadonlyArray<string>>()

const loadOnce = <A>(kept: Map<string, A>, name: string, file: string, decode: (text: string) => A): A => {
  const known = kept.get(name)
  if (known !== undefined) return known
  const read = decode(readFileSync(new URL(file, folder), "utf8"))
  kept.set(name, read)
  return read
}
