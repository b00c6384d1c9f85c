/**
 * The default size limits, derived from the catalogue: the longest response of
 * every model fits in the most verbose chunks that are known.
 */
import { assert, describe, it } from "@effect/vitest"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import * as ModelCatalog from "@kimi-effect/core/ModelCatalog"
import { bodyLimit } from "../src/internal/HttpCall.ts"

/** Text of one token: nine characters or fewer on average, in any script. */
const token = " imaginat"

const delta = (members: Record<string, unknown>) => ({ index: 0, delta: members, finish_reason: null })

/** Chunks of one token, as recorded or documented. */
const chunks = {
  moonshot: {
    id: "chatcmpl-6a5a94402c5b15ae3c2ccb5b",
    object: "chat.completion.chunk",
    created: 1_784_321_103,
    model: "kimi-k3",
    choices: [delta({ reasoning_content: token })],
    system_fingerprint: "fpv0_0d4e787e"
  },
  // OpenRouter sends reasoning twice, in each of its forms.
  openrouter: {
    id: "gen-1784321103-AbCdEfGhIjKlMnOpQrSt",
    provider: "Moonshot AI",
    model: "moonshotai/kimi-k3",
    object: "chat.completion.chunk",
    created: 1_784_321_103,
    choices: [
      {
        ...delta({
          role: "assistant",
          content: "",
          reasoning: token,
          reasoning_details: [{ type: "reasoning.text", text: token, format: "unknown", index: 0 }]
        }),
        native_finish_reason: null,
        logprobs: null
      }
    ]
  },
  together: {
    id: "oABCDEFghij-4yUbBN-9a5a94402c5b15ae-FRA",
    object: "chat.completion.chunk",
    created: 1_784_321_103,
    choices: [
      {
        ...delta({ token_id: 123_456, role: "assistant", content: token, tool_calls: null }),
        text: token,
        logprobs: null,
        stop_reason: null,
        seed: null
      }
    ],
    model: "moonshotai/Kimi-K3-Instruct",
    usage: null
  }
}

const chunkBytes = Math.max(
  ...Object.values(chunks).map((chunk) => Buffer.byteLength(`data: ${JSON.stringify(chunk)}\n\n`))
)

const { defaults } = KimiConfig

describe("the default limits", () => {
  for (const { contextWindow, id, maxOutput = contextWindow } of ModelCatalog.knownModels) {
    it(`transfer the longest stream of ${id}`, () => {
      assert.isAtMost(maxOutput * chunkBytes, defaults.maxResponseBytes)
    })

    it(`hold the longest stream of ${id}`, () => {
      assert.isAtMost(maxOutput * (32 + 2 * token.length), defaults.maxContentBytes)
    })

    it(`hold the longest plain response of ${id}`, () => {
      assert.isAtMost(maxOutput * Buffer.byteLength(token), bodyLimit(defaults))
    })
  }

  it("hold no more than 64 MiB of a response", () => {
    assert.isAtMost(defaults.maxContentBytes, 64 * 1024 * 1024)
    assert.isAtMost(2 * bodyLimit(defaults), 64 * 1024 * 1024)
  })
})
