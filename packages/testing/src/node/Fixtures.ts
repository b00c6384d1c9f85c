/**
 * Recorded traffic of the Kimi API: real requests, responses and streams, with
 * credentials and account ids removed. `fixtures/kimi/INDEX.md` names the
 * public source of each.
 *
 * Each file is read on first use and then kept in memory.
 *
 * @since 0.1.0
 */
import { readFileSync } from "node:fs"
import * as Schema from "effect/Schema"
import { Exchange } from "../Exchange.ts"

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
 * Names of the hand-written response bodies of other projects. No server sent
 * them.
 *
 * @category fixtures
 * @since 0.1.0
 */
export const syntheticNames = ["moonshotai-reasoning", "moonshotai-text", "moonshotai-tool-call"] as const

/**
 * The name of a hand-written response body.
 *
 * @category models
 * @since 0.1.0
 */
export type SyntheticName = (typeof syntheticNames)[number]

/**
 * Reads a recorded exchange.
 *
 * @category fixtures
 * @since 0.1.0
 */
export const exchange = (name: ExchangeName): Exchange => loadOnce(exchanges, name, `${name}.json`, decodeExchange)

/**
 * Reads a recorded event stream as raw text, with its `data:` lines and blank
 * lines.
 *
 * @category fixtures
 * @since 0.1.0
 */
export const sse = (name: SseName): string => loadOnce(streams, name, `${name}.sse`, (text) => text)

/**
 * Reads a hand-written response body.
 *
 * @category fixtures
 * @since 0.1.0
 */
export const synthetic = (name: SyntheticName): Schema.Json =>
  loadOnce(synthetics, name, `synthetic/${name}.json`, decodeJson)

/**
 * Reads the hand-written stream: the JSON text of each event, without `data:`
 * and without `[DONE]`. The chunk with the finish reason has the usage.
 *
 * @category fixtures
 * @since 0.1.0
 */
export const syntheticStream = (): ReadonlyArray<string> =>
  loadOnce(syntheticStreams, "moonshotai-stream", "synthetic/moonshotai-stream.chunks.txt", (text) =>
    text.split("\n").filter((line) => line !== "")
  )

const folder = new URL("../../fixtures/kimi/", import.meta.url)

const decodeExchange = Schema.decodeUnknownSync(Schema.fromJsonString(Exchange))
const decodeJson = Schema.decodeUnknownSync(Schema.fromJsonString(Schema.Json))

const exchanges = new Map<string, Exchange>()
const streams = new Map<string, string>()
const synthetics = new Map<string, Schema.Json>()
const syntheticStreams = new Map<string, ReadonlyArray<string>>()

const loadOnce = <A>(cache: Map<string, A>, name: string, file: string, decode: (text: string) => A): A => {
  const known = cache.get(name)
  if (known !== undefined) return known
  const read = decode(readFileSync(new URL(file, folder), "utf8"))
  cache.set(name, read)
  return read
}
