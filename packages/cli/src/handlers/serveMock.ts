/** Runs a simulated host. */
import * as MockServer from "@kimi-effect/testing/node/MockServer"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as CassetteFile from "../cassetteFile.ts"
import { CommandError } from "../commandError.ts"
import * as Output from "../output.ts"
import type { Serving } from "../schemas/serveMock.ts"

interface Input {
  readonly port: Option.Option<number>
  readonly cassette: Option.Option<string>
  readonly latency: Duration.Duration
  readonly tokenDelay: Duration.Duration
  readonly cors: boolean
  readonly json: boolean
}

/** The server treats a port that it cannot listen on as a defect of the test that has chosen it. */
const portFailure = (defect: unknown): Effect.Effect<never, CommandError> => {
  const message = defect instanceof Error ? defect.message : String(defect)
  return Effect.fail(new CommandError(message, "Pass another --port, or none to use a free one."))
}

export const run = Effect.fnUntraced(function* (input: Input) {
  const cassette = Option.isSome(input.cassette) ? yield* CassetteFile.read(input.cassette.value) : undefined
  return yield* Effect.scoped(
    Effect.gen(function* () {
      const server = yield* MockServer.make({
        cassette,
        latency: input.latency,
        tokenDelay: input.tokenDelay,
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
