import { assert, describe, it } from "@effect/vitest"
import * as ModelCatalog from "@kimi-effect/core/ModelCatalog"
import type { Message } from "@kimi-effect/core/Message"
import { contextOverflow, retiredModel, stopSequences } from "../../../src/internal/rules/modelLimits.ts"
import { ask, elsewhere, requestOf, user } from "../support/rules.ts"

describe("retiredModel", () => {
  it("refuses every model that Moonshot has switched off", () => {
    for (const { id, lifecycle } of ModelCatalog.knownModels) {
      for (const host of ["moonshot", "moonshot-cn"] as const) {
        assert.deepStrictEqual(
          ask(retiredModel, id, {}, host),
          lifecycle.state === "live"
            ? undefined
            : {
                error: {
                  _tag: "ModelRetiredError",
                  message: `${id} was switched off on ${lifecycle.retiredOn}; its successor is ${lifecycle.successor}`,
                  retiredOn: lifecycle.retiredOn,
                  successor: lifecycle.successor
                }
              },
          id
        )
      }
    }
  })

  it("accepts retired models at other hosts", () => {
    for (const host of elsewhere) {
      for (const id of ["kimi-k2.5", "moonshotai/Kimi-K2.5"]) assert.isUndefined(ask(retiredModel, id, {}, host), host)
    }
  })

  it("accepts unknown models", () => {
    assert.isUndefined(ask(retiredModel, "kimi-k9"))
  })
})

describe("stopSequences", () => {
  const refusal = {
    error: {
      _tag: "UnsupportedParameterError",
      message: "The host accepts stop only as at most 5 sequences of at most 32 bytes",
      parameter: "stop",
      allowed: "at most 5 sequences of at most 32 bytes",
      fix: "Pass at most 5 sequences of at most 32 bytes."
    }
  }

  it("accepts at most five sequences", () => {
    assert.isUndefined(ask(stopSequences, "kimi-k3", {}))
    assert.isUndefined(ask(stopSequences, "kimi-k3", { stop: "x" }))
    assert.isUndefined(ask(stopSequences, "kimi-k3", { stop: [] }))
    assert.isUndefined(ask(stopSequences, "kimi-k3", { stop: ["1", "2", "3", "4", "5"] }))
    assert.deepStrictEqual(ask(stopSequences, "kimi-k3", { stop: ["1", "2", "3", "4", "5", "6"] }), refusal)
  })

  it("accepts at most 32 bytes, counted in UTF-8", () => {
    for (const [fits, not] of [
      ["x".repeat(32), "x".repeat(33)],
      ["你".repeat(10), "你".repeat(11)],
      ["👋".repeat(8), "👋".repeat(9)]
    ] as const) {
      assert.isUndefined(ask(stopSequences, "kimi-k3", { stop: fits }))
      assert.deepStrictEqual(ask(stopSequences, "kimi-k3", { stop: not }), refusal)
      assert.deepStrictEqual(ask(stopSequences, "kimi-k3", { stop: [fits, not] }), refusal)
    }
  })

  it("applies to every model at Moonshot only", () => {
    const stop = ["1", "2", "3", "4", "5", "6"]
    assert.deepStrictEqual(ask(stopSequences, "kimi-k9", { stop }, "moonshot-cn"), refusal)
    for (const host of elsewhere) assert.isUndefined(ask(stopSequences, "kimi-k3", { stop }, host), host)
  })
})

describe("contextOverflow", () => {
  const window = 262_144
  const textOf = (length: number): Message => ({ role: "user", content: "x".repeat(length) })
  const messages = [textOf(8_000)]

  it("accepts an output that fits the window exactly", () => {
    assert.isUndefined(ask(contextOverflow, "kimi-k2.6", { max_completion_tokens: window }))
    assert.isUndefined(ask(contextOverflow, "kimi-k2.6", { messages, max_completion_tokens: window - 1_000 }))
    assert.isUndefined(ask(contextOverflow, "kimi-k2.6", { messages }))
  })

  it("refuses an output that exceeds the window, which the repair lowers", () => {
    for (const given of [{ max_completion_tokens: window - 999 }, { max_tokens: window - 999 }]) {
      assert.deepStrictEqual(ask(contextOverflow, "kimi-k2.6", { messages, ...given }), {
        error: {
          _tag: "ContextLengthError",
          message: `The request needs at least ${window + 1} tokens and the window has ${window}`,
          limit: window,
          requested: window + 1
        },
        repaired: requestOf("kimi-k2.6", { messages, max_completion_tokens: window - 1_000 }),
        note: `lowered max_completion_tokens to ${window - 1_000}`
      })
    }
  })

  it("reads max_completion_tokens before max_tokens", () => {
    const both = ask(contextOverflow, "kimi-k2.6", { messages, max_completion_tokens: window, max_tokens: 1 })
    assert.deepStrictEqual(both?.repaired, requestOf("kimi-k2.6", { messages, max_completion_tokens: window - 1_000 }))
    assert.isUndefined(ask(contextOverflow, "kimi-k2.6", { messages, max_completion_tokens: 1, max_tokens: window }))
  })

  it("refuses a prompt that fills the window, without a repair", () => {
    for (const given of [{}, { max_completion_tokens: 1 }]) {
      const found = ask(contextOverflow, "kimi-k2.6", { messages: [textOf(8 * (window + 1))], ...given })
      assert.deepInclude(found?.error, { _tag: "ContextLengthError", limit: window })
      assert.notProperty(found, "repaired")
    }
    assert.isUndefined(ask(contextOverflow, "kimi-k2.6", { messages: [textOf(8 * window + 7)] }))
    const full = ask(contextOverflow, "kimi-k2.6", { messages: [textOf(8 * window)], max_completion_tokens: 1 })
    assert.deepInclude(full?.error, { requested: window + 1 })
    assert.notProperty(full, "repaired")
  })

  it("counts the texts of all messages", () => {
    const half = "x".repeat(4 * (window + 2))
    const parts: ReadonlyArray<Message> = [
      {
        role: "user",
        content: [
          { type: "text", text: half },
          { type: "image_url", image_url: half.slice(0, 1_000) }
        ]
      },
      { role: "assistant", content: [{ type: "text", text: half }] }
    ]
    assert.deepInclude(ask(contextOverflow, "kimi-k2.6", { messages: parts })?.error, { requested: window + 2 })
    const several = [textOf(4 * window), textOf(4 * window), textOf(7)]
    assert.isUndefined(ask(contextOverflow, "kimi-k2.6", { messages: several }))
    assert.isDefined(ask(contextOverflow, "kimi-k2.6", { messages: [...several, textOf(1)] }))
    const shown: Message = { role: "user", content: [{ type: "image_url", image_url: "x" }] }
    assert.isUndefined(ask(contextOverflow, "kimi-k2.6", { messages: [...several, shown] }))
  })

  it("does not count media or reasoning", () => {
    const half = "x".repeat(4 * (window + 2))
    const silent: ReadonlyArray<Message> = [
      { role: "user", content: [{ type: "image_url", image_url: half }] },
      { role: "assistant", content: null, reasoning_content: half },
      { role: "system", tools: [] }
    ]
    assert.isUndefined(ask(contextOverflow, "kimi-k2.6", { messages: silent }))
  })

  it("applies to every model of the catalogue at every host", () => {
    for (const { id, contextWindow } of ModelCatalog.knownModels) {
      for (const host of ["moonshot", ...elsewhere] as const) {
        assert.isUndefined(ask(contextOverflow, id, { max_tokens: contextWindow, messages: [user] }, host), id)
        assert.deepInclude(
          ask(contextOverflow, id, { max_tokens: contextWindow + 1 }, host)?.error,
          { limit: contextWindow },
          id
        )
      }
    }
  })

  it("accepts any output of an unknown model", () => {
    assert.isUndefined(ask(contextOverflow, "kimi-k9", { max_tokens: 1e9 }))
  })
})
