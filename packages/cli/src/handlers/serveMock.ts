/** Runs a simulated host. */
import * as MockServer from "@kimi-effect/testing/node/MockServer"
import { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as CassetteFile from "../cassetteFile.ts"
import { CommandError } from "../commandError.ts"
import * as Output from "../output.ts"
import type { Serving } from "../schemas/serveMock.ts"

interface Input {
  readonly port: Option.Option<number>
  readonly cassette: Option.Option<string>
  readonly latency: string
  readonly tokenDelay: string
  readonly cors: boolean
  readonly json: boolean
}

const durationOf = (name: string, text: string): Effect.Effect<Duration.Duration, ConfigurationError> => {
  const duration = Duration.fromInput(text as Duration.Input)
  return Option.isSome(duration)
    ? Effect.succeed(duration.value)
    : Effect.fail(ConfigurationError.of([{ name, expected: 'a duration, such as "200 millis"' }]))
}

/** The server treats a port that it cannot listen on as a defect of the test that has chosen it. */
const portFailure = (defect: unknown): Effect.Effect<never, CommandError> => {
  const message = defect instanceof Error ? defect.message : String(defect)
  return Effect.fail(new CommandError(message, "Pass another --port, or none to use a free one."))
}

export const run = Effect.fnUntraced(function* (input: Input) {
  const cassette = Option.isSome(input.cassette) ? yield* CassetteFile.read(input.cassette.value) : undefined
  const latency = yield* durationOf("--latency", input.latency)
  const tokenDelay = yield* durationOf("--token-delay", input.tokenDelay)
  return yield* Effect.scoped(
    Effect.gen(function* () {
      const server = yield* MockServer.make({
        cassette,
        latency,
        tokenDelay,
        cors: input.cors,
        port: Option.getOrUndefined(input.port),
        maxRecordedRequests: 1
      }).pipe(Effect.catchDefect(portFailure))
      const result: Serving = { url: server.url }
      yield* input.json ? Output.json(result) : Output.line(server.url)
      yield* Output.note("Any key is accepted. Ctrl-C ends the server.")
      return yield* Effect.never
    })
  )
})
