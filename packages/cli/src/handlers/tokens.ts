/** Counts the tokens of a prompt. */
import * as Provider from "@kimi-effect/client/Provider"
import { user } from "@kimi-effect/core/Message"
import * as TokenCount from "@kimi-effect/core/TokenCount"
import * as Effect from "effect/Effect"
import { withClient } from "../client.ts"
import { UsageError } from "../commandError.ts"
import * as configuration from "../configuration.ts"
import { readText } from "../input.ts"
import type { Given } from "../optionFlags.ts"
import * as Output from "../output.ts"
import type { Tokens } from "../schemas/tokens.ts"

interface Input {
  readonly text: ReadonlyArray<string>
  readonly live: boolean
  readonly json: boolean
  readonly options: Given
}

export const run = Effect.fnUntraced(function* ({ json, live, options, text: words }: Input) {
  const text = yield* readText(words)
  if (text === "") {
    return yield* Effect.fail(
      new UsageError(
        "There is no text to count",
        "Pass it as arguments or pipe it in: kimi tokens Hello world, or kimi tokens < prompt.txt"
      )
    )
  }
  const { config } = (yield* configuration.loadWithoutKey(options)).settings
  const model = config.model ?? Provider.fromConfig(config).defaultModel
  const messages = [user(text)]
  const tokens = live
    ? yield* withClient(options, (kimi) => kimi.estimateTokens({ model, messages }))
    : TokenCount.ofPrompt({ model, messages })
  const result: Tokens = { tokens, model, source: live ? "host" : "estimate" }
  yield* json ? Output.json(result) : Output.line(`${tokens}`)
})
