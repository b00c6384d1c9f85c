/**
 * Reads the traffic of a simulation from the files of cassettes.
 *
 * @since 0.1.0
 */
import { readFile } from "node:fs/promises"
import { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import * as Effect from "effect/Effect"
import type { CassetteFormatError, CassetteVersionError } from "../CassetteErrors.ts"
import * as CassetteText from "../internal/cassette/cassetteText.ts"
import { type CassetteOptions, type CassetteTraffic, fromCassette } from "../simulator/RecordedTraffic.ts"
import { reasonOf } from "./internal/fileReason.ts"

const readText = (path: string, index: number): Effect.Effect<string, ConfigurationError> =>
  Effect.tryPromise({
    try: (signal) => readFile(path, { encoding: "utf8", signal }),
    catch: (error) =>
      ConfigurationError.of([
        { name: `paths[${index}]`, expected: `the path of a file that can be read (${path}: ${reasonOf(error)})` }
      ])
  })

/**
 * Reads the files of cassettes into one traffic. See `Traffic.fromCassette` for
 * what is read. A file that cannot be read, and files without a chat completion
 * that has usage, fail with a `ConfigurationError`.
 *
 * **Example** (Which tier does the recorded session need?)
 *
 * ```ts
 * const program = Effect.gen(function* () {
 *   const traffic = yield* CassetteTraffic.fromFiles(["test/cassettes/session.json"], { calls: 10_000 })
 *   const comparison = yield* Simulator.compare({
 *     seed: 1,
 *     traffic,
 *     host: traffic.host,
 *     configurations: [Simulator.tier(1), Simulator.tier(2)]
 *   })
 *   yield* Console.log(Simulator.toTable(comparison))
 * })
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromFiles = (
  paths: ReadonlyArray<string>,
  options?: CassetteOptions
): Effect.Effect<CassetteTraffic, ConfigurationError | CassetteFormatError | CassetteVersionError> =>
  Effect.forEach(paths, (path, index) =>
    Effect.flatMap(readText(path, index), (text) => CassetteText.parse(path, text))
  ).pipe(Effect.flatMap((cassettes) => fromCassette({ interactions: cassettes.flat() }, options)))
