/** Structured output with whole responses. */
import type { ChatError } from "@kimi-effect/core/OperationErrors"
import type { StructuredOutputError } from "@kimi-effect/core/ProviderErrors"
import * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import type { KimiClient } from "../../../KimiClient.ts"
import type { Options, Output } from "../../StructuredOutput.ts"
import { isFormatRefusal } from "./formatRefusal.ts"
import * as Rounds from "./Rounds.ts"

type Client = KimiClient["Service"]

const play = (
  client: Client,
  rounds: Rounds.Rounds
): Effect.Effect<Output<unknown>, ChatError | StructuredOutputError, unknown> =>
  client.chat(Rounds.requestFor(rounds)).pipe(
    Effect.matchEffect({
      onFailure: (error): Effect.Effect<Output<unknown>, ChatError | StructuredOutputError, unknown> =>
        rounds.canChangeFormat && isFormatRefusal(error)
          ? play(client, Rounds.withPlainFormat(rounds))
          : Effect.fail(error),
      onSuccess: (response) =>
        Effect.flatMap(Rounds.next(rounds, response), (step) =>
          step._tag === "Done" ? Effect.succeed(step.output) : play(client, step.rounds)
        )
    })
  )

export const generateWith = (
  client: Client,
  options: Options<Schema.Constraint>
): Effect.Effect<Output<unknown>, ChatError | StructuredOutputError, unknown> =>
  Effect.suspend(() => Effect.fromResult(Rounds.begin(options))).pipe(Effect.flatMap((rounds) => play(client, rounds)))
