/** Errors of structured output, by tag. */
import { Reply } from "@kimi-effect/testing"
import { Effect, Schema } from "effect"
import { KimiClient } from "../../../../src/KimiClient.ts"
import * as StructuredOutput from "../../../../src/agent/StructuredOutput.ts"
import { withKimi } from "../kimi.ts"

const Order = Schema.Struct({ item: Schema.String })

export const outputs = {
  StructuredOutputError: withKimi((kimi, server) =>
    StructuredOutput.generate({ schema: Order, prompt: "Tea, please." }).pipe(
      Effect.flip,
      Effect.provideService(KimiClient, kimi),
      (failure) => Effect.andThen(server.replyAlways(Reply.text("Here is your tea.")), failure)
    )
  )
}
